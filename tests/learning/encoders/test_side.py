"""The side network: it learns, the trunk beside it does not move by a bit."""

import torch

from contrique.learning.encoders.efficientnet_lite import EfficientNetLite0
from contrique.learning.encoders.side import SideLite0


def test_training_moves_the_side_and_never_the_trunk() -> None:
    torch.manual_seed(0)
    encoder = SideLite0().train()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in encoder.parameters() if p.requires_grad], lr=0.1)
    encoder.patch_map(torch.rand(4, 3, 64, 64)).square().mean().backward()
    optimizer.step()
    after = encoder.state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert not {name for name in moved if name.startswith("trunk.")}  # neither weights nor batch statistics
    assert {name.partition(".")[0] for name in moved} == {"stem", "bn", "rungs"}


def test_the_trunks_maps_are_those_of_the_network_alone() -> None:
    torch.manual_seed(0)
    encoder, alone = SideLite0().eval(), EfficientNetLite0().eval()
    alone.load_state_dict(encoder.trunk.state_dict())
    x_BCHW = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        for mine, its in zip(encoder.stages(x_BCHW), alone.stages(x_BCHW), strict=False):
            assert torch.equal(mine, its)


def test_any_size_from_32_up() -> None:
    encoder = SideLite0().eval()
    with torch.inference_mode():
        for height, width in ((32, 32), (33, 35), (66, 70), (97, 131)):
            maps = encoder.stages(torch.rand(1, 3, height, width))
            assert tuple(m.shape[1] for m in maps) == encoder.stage_dims
            for trunk, side in zip(maps[1:7], maps[8:], strict=True):
                assert trunk.shape[2:] == side.shape[2:]
            torch.testing.assert_close(encoder.patch_map(torch.zeros(1, 3, height, width)).shape, maps[-1].shape)
