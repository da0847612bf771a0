"""Where training images come from: folders, manifests, published layouts, tar shards, dead leaves. Needs no torch."""

from contrique.learning.corpora.corpus import Corpus, Images, Samples, source_paths

__all__ = ["Corpus", "Images", "Samples", "source_paths"]
