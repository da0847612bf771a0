"""Where training images come from: folders, manifests, published layouts, tar shards, dead leaves. Needs no torch."""

from contrique.learning.corpora.corpus import Corpus, Samples
from contrique.learning.corpora.images import Images

__all__ = ["Corpus", "Images", "Samples"]
