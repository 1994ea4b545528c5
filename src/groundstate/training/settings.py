"""What a training is told; apart from the loop, which is slow to import."""

from pydantic import Field, model_validator

from groundstate.settings import MAX_THREADS, Device, Settings


class TrainingSettings(Settings):
    """How long and how to train; the same for every model."""

    max_steps: int = Field(1000, ge=1, le=10**9, description="optimiser steps")
    batch_size: int = Field(32, ge=1, le=10**6, description="structures per step")
    micro_batches: int = Field(
        1, ge=1, le=10**6, description="equal parts of a batch; as many processes (GPUs) can share a training"
    )
    learning_rate: float = Field(1e-3, gt=0, le=10, description="peak rate of AdamW; cosine decay to zero")
    warmup_steps: int = Field(50, ge=0, le=10**9, description="steps of linear warm-up")
    weight_decay: float = Field(0.0, ge=0, le=100, description="decoupled weight decay")
    gradient_clip: float = Field(1.0, gt=0, le=1e9, description="largest gradient norm")
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="decay of the weights' moving average, with warm-up"
    )
    checkpoint_every: int = Field(
        100, ge=1, le=10**9, description="steps between validations and checkpoints"
    )
    device: Device = Field("auto", description="where to train")
    threads: int = Field(1, ge=1, le=MAX_THREADS, description="CPU threads")

    @model_validator(mode="after")
    def _parts_are_equal(self) -> "TrainingSettings":
        if self.batch_size % self.micro_batches:
            raise ValueError(
                f"micro_batches: {self.micro_batches} does not divide batch_size {self.batch_size}"
            )
        return self
