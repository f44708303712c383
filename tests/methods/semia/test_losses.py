import torch

from analogon.methods.semia import losses


def slow_patch_coherence(target, source, at, size, neighbours, target_labels=None, source_labels=None):
    """The definition, one patch after the other."""
    _, _, h, w = source.shape
    total = []
    for row, col in at.tolist():
        patch = target[0, :, row : row + size, col : col + size]
        found = []
        for y in range(h - size + 1):
            for x in range(w - size + 1):
                other = source[0, :, y : y + size, x : x + size]
                same = True
                if target_labels is not None:
                    wanted = target_labels[row + size // 2, col + size // 2]
                    inside = source_labels[size // 2 : h - size + 1 + size // 2, size // 2 : w - size + 1 + size // 2]
                    same = source_labels[y + size // 2, x + size // 2] == wanted or not (inside == wanted).any()
                if same:
                    found.append(((patch - other).square().sum(), (patch - other).abs().mean()))
        found.sort(key=lambda pair: float(pair[0]))
        nearest = [mean for _, mean in found[:neighbours]]
        nearest += [found[0][1]] * (neighbours - len(nearest))
        total.append(torch.stack(nearest).mean())
    return torch.stack(total).mean()


def features(seed, h=9, w=11):
    return torch.rand(1, 4, h, w, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


CORNERS = torch.tensor([[0, 0], [3, 5], [6, 8], [2, 1]])


def test_patch_coherence_equals_its_definition():
    made, given = features(1), features(2, 8, 13)
    for size, neighbours in ((3, 1), (3, 5), (1, 4)):
        fast = losses.patch_coherence(made, given, CORNERS, size=size, neighbours=neighbours)
        assert torch.allclose(fast, slow_patch_coherence(made, given, CORNERS, size, neighbours))


def test_patch_coherence_with_labels_equals_its_definition():
    made, given = features(1), features(2)
    wanted = torch.zeros(9, 11, dtype=torch.long)
    wanted[:, 6:] = 1
    has = torch.zeros(9, 11, dtype=torch.long)
    has[:2, :3] = 1  # fewer than k patches have the class
    for labels in ((wanted, has), (wanted, torch.zeros_like(has))):  # and: the source lacks the class
        given_labels = {"target_labels": labels[0], "source_labels": labels[1]}
        fast = losses.patch_coherence(made, given, CORNERS, size=3, neighbours=5, **given_labels)
        assert torch.allclose(fast, slow_patch_coherence(made, given, CORNERS, 3, 5, *labels))


def test_the_last_row_and_column_of_patches_are_candidates():
    given = torch.zeros(1, 1, 6, 7)
    given[0, 0, -1, -1] = 5
    made = given[..., -3:, -3:]
    corner = torch.tensor([[0, 0]])
    assert losses.patch_coherence(made, given, corner, size=3, neighbours=1) == 0


def test_only_the_target_gets_a_gradient_and_a_copy_costs_nothing():
    made, given = features(1).requires_grad_(), features(2).requires_grad_()
    losses.patch_coherence(made, given, CORNERS, size=3, neighbours=2).backward()
    assert made.grad.abs().sum() > 0
    assert given.grad is None
    assert losses.patch_coherence(given, given, CORNERS, size=3, neighbours=1) == 0


def test_adversarial_targets():
    scores = [torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 1, 1)]
    assert losses.adversarial(scores, real=True) == 0.5
    assert losses.adversarial(scores, real=False) == 0.5
    assert losses.adversarial([torch.full((1, 1, 3, 3), 3.0)], real=True) == 4


def test_fixed_point_is_zero_only_for_the_identity():
    ones, zeros = torch.ones(1, 2, 3, 3), torch.zeros(1, 2, 3, 3)
    assert losses.fixed_point([(ones, zeros), (ones, zeros)]) == (0, 0)
    gamma, beta = losses.fixed_point([(2 * ones, zeros), (ones, 3 * ones)])
    assert (float(gamma), float(beta)) == (1, 3)


def test_feature_matching_treats_the_real_side_as_given():
    fake, real = torch.zeros(1, 1, 2, 2, requires_grad=True), torch.ones(1, 1, 2, 2, requires_grad=True)
    loss = losses.feature_matching([fake], [real])
    loss.backward()
    assert loss == 1
    assert real.grad is None and fake.grad.abs().sum() > 0


def test_known_counts_sure_pixels_and_coarse_colours_elsewhere():
    truth = torch.zeros(1, 3, 16, 16)
    sure = torch.zeros(1, 1, 16, 16)
    sure[..., :8] = 1
    texture = torch.zeros_like(truth)
    texture[..., 8:] = (torch.arange(16)[:, None] + torch.arange(8)) % 2 * 2.0 - 1  # zero mean over every block
    assert losses.known(texture, truth, sure, 0) == 0
    assert losses.known(texture, truth, sure, 8) < 0.05
    tone = torch.zeros_like(truth)
    tone[..., 8:] = 1.0
    assert losses.known(tone, truth, sure, 0) == 0
    assert losses.known(tone, truth, sure, 8) > 0.5
    assert 0.95 < losses.known(tone.flip(-1), truth, sure, 0) <= 1  # a mean over the sure half alone


def test_detail_ignores_tone_and_sees_texture():
    source = torch.rand(1, 3, 12, 12)
    where = torch.ones(1, 1, 12, 12)
    assert losses.detail(source + 0.3, source, where) < 1e-6
    assert losses.detail(torch.zeros_like(source), source, where) > 0.1
    assert losses.detail(torch.zeros_like(source), source, 0 * where) == 0


def test_alignment_prefers_the_right_class():
    indices = torch.zeros(1, 4, 4, dtype=torch.long)
    right, wrong = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    right[:, 0], wrong[:, 1] = 5, 5
    assert losses.alignment(right, indices) < 0.01 < losses.alignment(wrong, indices)


def test_colour_alignment_is_the_distance_of_colours():
    seen, wanted = torch.zeros(1, 3, 2, 2), torch.ones(1, 3, 2, 2)
    assert losses.colour_alignment(seen, wanted) == 1
    assert losses.colour_alignment(wanted, wanted) == 0


def test_the_gradient_is_the_same_every_time_on_several_threads():
    """Overlapping patches are added up in one order, or else a seed would not give one picture."""
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        generator = torch.Generator().manual_seed(0)
        made = torch.rand(1, 11, 24, 32, generator=generator).requires_grad_()
        given = torch.rand(1, 11, 24, 32, generator=generator)
        at = torch.randint(0, 17, (192, 2), generator=generator)
        gradients = []
        for _ in range(30):
            loss = losses.patch_coherence(made, given, at, size=7, neighbours=1)
            gradients.append(torch.autograd.grad(loss, made)[0])
        assert all(torch.equal(gradients[0], other) for other in gradients[1:])
    finally:
        torch.set_num_threads(threads)
