"""What a training gets to know: the settings that its model reads, and no others."""

import pytest

from groundstate.crystals.models.settings import TrainCrystals, model_settings
from groundstate.plugins import CRYSTAL_MODELS

OTHER = {"compact": {"width": 64}, "unimat": {"width": 24, "blocks": 2}, "conditions": ["band_gap"]}


def changed(model: str, **section: dict) -> bool:
    before = TrainCrystals()
    after = before.model_copy(
        update={name: getattr(before, name).model_copy(update=values) for name, values in section.items()}
    )
    return model_settings(model, before) != model_settings(model, after)


@pytest.mark.parametrize("model", [*CRYSTAL_MODELS, "mine:Toy"])
def test_a_model_gets_what_it_reads(model: str) -> None:
    mine = model == "mine:Toy"
    assert changed(model, compact={"width": 64}) == (mine or model == "unimat-compact")
    assert changed(model, unimat={"blocks": 2}) == (model != "unimat-compact")
    assert changed(model, unimat={"width": 24}) == (mine or model == "unimat")
    assert changed(model, training={"max_steps": 5})
    settings = TrainCrystals.model_validate(OTHER)
    again = TrainCrystals.model_validate(model_settings(model, settings))
    assert again.conditions == ["band_gap"]
    assert again.training == settings.training
