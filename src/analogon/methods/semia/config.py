"""Every hyperparameter of SemIA, its two recipes, its ablations, and what each field means. No torch here."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from analogon.methods.ablation import Ablation

Decay = Annotated[float, Field(ge=0, lt=1)]
#: The feature maps of a tiny picture are small, and unfolded patches take memory with the square of their side.
PatchSide = Annotated[int, Field(ge=1, le=15)]
Samples = Annotated[int, Field(ge=1, le=4096)]


class Config(BaseModel):
    """Configuration of one SemIA fit. The defaults are ``recipe="paper"``; :data:`RECIPES` holds what others change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: int = Field(2500, ge=1, description="training iterations")
    size_limit: int = Field(512, ge=16, description="longest side the networks work at; results have full size")
    # what the networks see
    conditions: Literal["one-hot", "geometry"] = Field(
        "one-hot",
        description="layout channels: classes alone, or also depth in the region and place in the frame",
    )
    carry: bool = Field(
        False,
        description="carry picture and layout to the target by the layouts' geometry before translating",
    )
    # generator
    width: int = Field(32, ge=4, le=256, description="generator channels at full resolution")
    norm: Literal["batch", "instance"] = Field("instance", description="normalisation; the released code has batch")
    spectral: bool = Field(True, description="spectral norm in the generator")
    initial_gain: float = Field(
        0.02, gt=0, description="gain of the generator's random start; without effect with spectral norm"
    )
    ratio: Literal["raw", "bounded"] = Field("bounded", description="layout ratio behind gamma; raw is the paper's")
    modulation: Literal["change", "ratio", "difference", "target"] = Field(
        "change",
        description="what gamma and beta come from: how the layout changes, its ratio or its difference alone, or as "
        "in plain feature transform the target layout",
    )
    gamma_offset: bool = Field(False, description="learn gamma as a difference from 1")
    encode_together: bool = Field(True, description="both layouts pass their encoder as one batch")
    translate_in: Literal["both", "encoder", "decoder"] = Field("both", description="where features are translated")
    skip: bool = Field(False, description="add encoder features to the decoder at every resolution")
    output: Literal["norm-lrelu", "tanh", "residual"] = Field(
        "tanh", description="last layer; norm-lrelu is the released one, residual corrects the input picture"
    )
    # judges
    discriminator_width: int = Field(64, ge=4, le=512, description="discriminator channels at half resolution")
    discriminator_sees: Literal["picture", "picture+layout"] = Field("picture", description="discriminator input")
    segmenter_width: int = Field(128, ge=4, le=512, description="channels of the auxiliary segmenter")
    segmenter_scale: int = Field(1, ge=1, le=8, description="the segmenter works on the picture reduced by this")
    segmenter_target: Literal["class", "colour"] = Field(
        "class", description="the segmenter gives class scores (cross-entropy), or as released the label's colour (L1)"
    )
    segmenter_dropout: bool = Field(False, description="the segmenter keeps its dropout while it judges, as released")
    features: str = Field("filters", description="patch features: 'filters', or 'vgg19:FILE' (safetensors)")
    # pairs to practise on
    bend: float = Field(0.02, ge=0, le=0.2, description="thin-plate spline shift, share of the size")
    zoom: float = Field(0.2, ge=0, le=1, description="largest zoom beyond 1")
    ramp: int = Field(1000, ge=1, description="iterations until augmentation has full strength, whatever steps says")
    exchange: float = Field(
        0.5, ge=0, le=1, description="probability that source and target change places; only without carried pairs"
    )
    invented: int = Field(0, ge=0, le=1000, description="invented layouts to practise on (with carry)")
    reconstruct_every: int = Field(
        5, ge=0, description="every n-th iteration reconstructs, the others translate; 1: all do, 0: none does"
    )
    noise: float = Field(1 / 255, ge=0, le=1, description="uniform noise on the generator's input in training")
    # optimisation
    generator_steps: int = Field(10, ge=1, description="generator updates per iteration")
    discriminator_steps: int = Field(2, ge=1, le=2, description="discriminator updates per iteration")
    lr_generator: float = Field(0.005, gt=0, description="Adam rate of the generator")
    lr_segmenter: float = Field(0.005, gt=0, description="Adam rate of the segmenter")
    lr_discriminator: float = Field(0.02, gt=0, description="Adam rate of the discriminator")
    betas: tuple[Decay, Decay] = Field((0.0, 0.9), description="Adam's decay of first and second moments")
    decay_from: float = Field(
        0.4, ge=0, le=1, description="share of the budget (ramp counts iterations) after which rates fall linearly"
    )
    decay_to: float = Field(0.1, ge=0, le=1, description="share of the rate left at the end")
    average: float = Field(0.0, ge=0, lt=1, description="decay of the weight average that renders; 0 for none")
    # loss weights
    gan: float = Field(1.0, ge=0, description="weight: adversarial")
    matching: float = Field(1.0, ge=0, description="weight: discriminator feature matching")
    reconstruction: float = Field(5.0, ge=0, description="weight: L1 where the answer is known")
    detail: float = Field(
        5.0, ge=0, description="weight: carried detail is kept where its tone may change (with carry)"
    )
    fixed_gamma: float = Field(1.0, ge=0, description="weight: gamma = 1 for equal layouts")
    fixed_beta: float = Field(1.0, ge=0, description="weight: beta = 0 for equal layouts")
    align: float = Field(1.0, ge=0, description="weight: semantic alignment")
    align_gradient: bool = Field(True, description="alignment reaches the generator (in the released code it does not)")
    patch: float = Field(1.0, ge=0, description="weight: patch coherence")
    patch_labels: bool = Field(True, description="patches match patches of their class only (released code: any)")
    patch_sizes: tuple[PatchSide, PatchSide] = Field((3, 1), description="patch sides at the two feature maps")
    patch_samples: tuple[Samples, Samples] = Field((10, 5), description="patches drawn at the two feature maps")
    patch_neighbours: int = Field(5, ge=1, description="nearest source patches averaged over")


#: What each recipe changes.
RECIPES: dict[str, dict[str, Any]] = {
    "fast": {
        "steps": 600,
        "size_limit": 400,
        "conditions": "geometry",
        "carry": True,
        "width": 16,
        "spectral": False,
        "initial_gain": 1.0,
        "gamma_offset": True,
        "translate_in": "decoder",
        "skip": True,
        "output": "residual",
        "discriminator_width": 24,
        "discriminator_sees": "picture+layout",
        "segmenter_width": 32,
        "segmenter_scale": 2,
        "zoom": 0.0,
        "ramp": 1,
        "exchange": 0.0,
        "invented": 48,
        "reconstruct_every": 6,
        "generator_steps": 1,
        "discriminator_steps": 1,
        "lr_generator": 0.002,
        "lr_discriminator": 0.004,
        "betas": (0.5, 0.99),
        "average": 0.98,
        "gan": 2.0,
        "reconstruction": 2.0,
        "patch": 10.0,
        "patch_sizes": (7, 5),
        "patch_samples": (192, 96),
        "patch_neighbours": 1,
    },
    "paper": {},
}

#: What the paper argues for, left out one at a time. Nothing else of a recipe changes.
ABLATIONS: dict[str, Ablation] = {
    "no-alignment": Ablation("No semantic alignment: no segmenter judges what the new picture shows.", {"align": 0.0}),
    "no-patch": Ablation(
        "No patch coherence: patches of the new picture need not occur in the source.", {"patch": 0.0}
    ),
    "no-matching": Ablation(
        "No feature matching: the discriminator's scores count, its features do not.", {"matching": 0.0}
    ),
    "no-ratio": Ablation(
        "Feature translation by the layouts' difference alone: gamma is 1 everywhere.", {"modulation": "difference"}
    ),
    "no-difference": Ablation(
        "Feature translation by the layouts' ratio alone: beta is 0 everywhere.", {"modulation": "ratio"}
    ),
    "plain-sft": Ablation(
        "Feature transform by the target layout alone, without ratio, difference and the fixed point of equal layouts.",
        {"modulation": "target", "fixed_gamma": 0.0, "fixed_beta": 0.0},
    ),
    "no-progression": Ablation("Augmentation at full strength from the start.", {"ramp": 1}),
    "no-reconstruction": Ablation("One mode in place of two: no iteration reconstructs.", {"reconstruct_every": 0}),
    "no-translation": Ablation("One mode in place of two: every iteration reconstructs.", {"reconstruct_every": 1}),
}
