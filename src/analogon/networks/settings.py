"""Hyperparameters that every method of this kind has. No torch here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Decay = Annotated[float, Field(ge=0, lt=1)]


class Learning(BaseModel):
    """How a generator and its judges learn; the defaults are those of SPADE's sheet for pictures of 256x256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(100_000, ge=1, description="training steps, each one of the generator and one of the judges")
    batch: int = Field(1, ge=1, le=1024, description="pictures in a step, on each process")
    size_limit: int = Field(
        512, ge=16, description="longest side that one picture is learnt at; results have full size"
    )
    load: int = Field(286, ge=8, le=4096, description="width that pictures of a data set are brought to")
    crop: int = Field(
        256, ge=8, le=4096, description="width of the windows that are learnt, and that pictures are made at"
    )
    aspect: float = Field(1.0, gt=0.1, lt=10, description="width by height, of windows and of what they are cut from")
    flip: float = Field(0.5, ge=0, le=1, description="share of windows that are mirrored; 0 where classes have sides")
    zoom: float = Field(1.0, ge=1, le=4, description="windows are cut from a picture up to so many times as large")
    instances: bool = Field(True, description="layouts show edges of instances, where the data set has maps of them")
    # networks
    norm: Literal["batch", "instance"] = Field("batch", description="mean and variance over the batch or each picture")
    critic_width: int = Field(64, ge=2, le=512, description="channels of each judge's first layer")
    critics: int = Field(2, ge=1, le=5, description="judges, each next one at half the size")
    # optimisation
    lr_generator: float = Field(1e-4, gt=0, description="Adam rate of the generator and its encoder")
    lr_critics: float = Field(4e-4, gt=0, description="Adam rate of the judges")
    betas: tuple[Decay, Decay] = Field((0.0, 0.9), description="Adam's decay of first and second moments")
    epsilon: float = Field(1e-8, gt=0, description="Adam's smallest divisor: gradients far below it hardly count")
    decay_from: float = Field(1.0, ge=0, le=1, description="share of the budget after which rates fall to 0")
    average: float = Field(0.0, ge=0, lt=1, description="decay of the weight average that makes pictures; 0 for none")
    precision: Literal["float32", "bfloat16"] = Field("float32", description="of the networks' passes in training")
    # losses
    family: Literal["hinge", "least-squares", "cross-entropy", "wasserstein"] = Field(
        "hinge", description="adversarial loss"
    )
    gan: float = Field(1.0, ge=0, description="weight: adversarial")
    matching: float = Field(10.0, ge=0, description="weight: the judges' features of a picture and of the real one")
    perceptual: float = Field(10.0, ge=0, description="weight: frozen features of both; takes the setting features")
    features: str = Field(
        "none", description="frozen features to compare: 'none', 'vgg19:FILE' (safetensors) or 'filters', a surrogate"
    )
    l1: float = Field(0.0, ge=0, description="weight: absolute differences of pixels")
    balance: Literal["pixels", "classes"] = Field(
        "pixels", description="in absolute differences all pixels count alike, or all classes that a picture has"
    )

    @model_validator(mode="after")
    def _windows_fit(self) -> Learning:
        if self.crop > self.load:
            raise ValueError(f"windows (crop) of {self.crop} pixels do not fit in pictures (load) of {self.load}")
        if not (self.gan or self.matching or self.l1 or (self.perceptual and self.features != "none")):
            raise ValueError("give one of gan, matching, perceptual and l1 a weight above 0")
        return self

    def window(self, multiple: int) -> tuple[int, int]:
        """(height, width) of the windows: whole multiples, at least one."""
        return self._whole(self.crop / self.aspect, multiple), self._whole(self.crop, multiple)

    def loaded(self, multiple: int) -> tuple[int, int]:
        """(height, width) that pictures of a data set are brought to; windows fit in."""
        h, w = self.window(multiple)
        return max(h, round(self.load / self.aspect)), max(w, self.load)

    @staticmethod
    def _whole(side: float, multiple: int) -> int:
        return max(multiple, round(side / multiple) * multiple)


class Coded(Learning):
    """Of methods with codes for looks, drawn from a distribution that is kept near the standard normal one."""

    divergence: float = Field(0.05, ge=0, description="weight: codes are standard normal, a sum over the batch")
    divergence_from: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="share of the budget before which divergence does not count, so that codes get used",
    )
    code_noise: float = Field(
        1.0, gt=0, le=1, description="standard deviation of codes in the beginning; below 1 they begin to differ, too"
    )
    encoder_norm: Literal["instance", "none"] = Field(
        "instance",
        description="of the encoder's features; instance norm takes much of the mean colour away, none goes without "
        "spectral norm as well",
    )
