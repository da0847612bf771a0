"""The multi-positive contrastive loss of CONTRIQUE, over patches.

Paper: Madhusudana, Birkbeck, Wang, Adsumilli, Bovik, "Image Quality Assessment Using Contrastive Learning", IEEE
Transactions on Image Processing, 2022.
Shape suffixes: N patches of the batch, A those of them that are anchors here, D embedding size, C classes present in
the batch.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

TEMPERATURE = 0.1  # the paper's τ


def contrastive_loss(
    z_ND: Tensor, class_N: Tensor, temperature: float = TEMPERATURE, anchors: slice = slice(None)
) -> Tensor:
    """Pull patches of one class together, push all others apart.

    L = meanᵢ [ log Σ_{k≠i} exp(s_ik) − (1/|P(i)|) Σ_{j∈P(i)} s_ij ] with s_ij = cos(zᵢ, zⱼ)/τ and P(i) the other
    patches of i's class. A patch whose class has no other member (P(i) empty) has no target: it is left out of the
    mean, and stays in the other patches' denominators as a negative.

    Positives are summed class by class (zᵢ·(Σ_{class} z − zᵢ)), so that only one A×N matrix exists: 64 MiB for 4096
    patches. Arithmetic is float32 whatever autocast says, float64 if the input is.

    The sum over i can be shared out: each of several processes holds all z and takes the rows of its own patches as
    anchors. The divisor stays the number of terms over all patches, so the parts add up to the loss.

    Args:
        z_ND: embeddings, any scale (they are L2-normalised here).
        class_N: int64 class ids, any values; equal ids are positives.
        temperature: τ > 0; smaller is sharper.
        anchors: the rows i whose terms are summed; all if not given.

    Returns:
        The loss (its part, given anchors), a scalar ≥ 0; smaller is better. About log(N−1) is what random embeddings
        get.

    Raises:
        ValueError: shapes do not fit, ids are not integers, τ ≤ 0, or no class has two members.
    """
    if z_ND.ndim != 2 or class_N.shape != z_ND.shape[:1]:
        raise ValueError(f"expected z (N, D) and class (N,), got {tuple(z_ND.shape)} and {tuple(class_N.shape)}")
    if class_N.is_floating_point() or class_N.is_complex():
        raise ValueError(f"class ids must be integers, got {class_N.dtype}")
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    with torch.autocast(z_ND.device.type, enabled=False):
        z_ND = normalize(z_ND if z_ND.dtype == torch.float64 else z_ND.float(), dim=1)
        _, member_N, count_C = torch.unique(class_N, return_inverse=True, return_counts=True)
        positives_N = count_C[member_N] - 1
        has_positive_N = positives_N > 0
        if not has_positive_N.any():
            raise ValueError(
                f"none of the {len(class_N)} patches shares its class with another: nothing to pull together"
            )

        z_AD, member_A, has_positive_A = z_ND[anchors], member_N[anchors], has_positive_N[anchors]
        similarity_AN = z_AD @ z_ND.T / temperature
        index_N = torch.arange(len(z_ND), device=z_ND.device)
        itself_AN = index_N[anchors, None] == index_N
        log_all_A = similarity_AN.masked_fill(itself_AN, -torch.inf).logsumexp(dim=1)

        sum_CD = z_ND.new_zeros(len(count_C), z_ND.shape[1]).index_add(0, member_N, z_ND)
        pull_A = ((sum_CD[member_A] - z_AD) * z_AD).sum(dim=1) / temperature / positives_N[anchors].clamp(min=1)
        return (log_all_A - pull_A)[has_positive_A].sum() / has_positive_N.sum()
