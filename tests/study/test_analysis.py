import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
from scipy import stats

from analogon.errors import InputError, OptionError
from analogon.study.analysis import analyse, plots, write_analysis
from analogon.study.values import Answer


def answer(participant, question, ranking, *, criterion="appearance", attention=True, seconds=20.0):
    return Answer(participant, question, criterion, tuple(ranking), attention, seconds)


def simulated(people, questions, worth, *, taste=0.5, seed=0, labels="abcdefgh"):
    """Answers of participants, each with a taste of their own besides the worth of the contenders."""
    rng = np.random.default_rng(seed)
    found = []
    for person in range(people):
        own = np.array(worth) + rng.normal(0, taste, len(worth))
        for question in range(questions):
            order = np.argsort(-(own + rng.gumbel(size=len(worth))))
            found.append(
                answer(f"p{person}", f"q{question}", [labels[i] for i in order], seconds=rng.lognormal(3, 0.5))
            )
    return found


SMALL = (
    answer("p1", "q1", "abc", seconds=10),
    answer("p1", "q2", "bac", seconds=20),
    answer("p2", "q1", "abc", seconds=30),
    answer("p2", "q2", "acb", seconds=40),
    answer("p3", "q1", "acb", seconds=50),
)


def test_a_small_study_by_hand():
    found = analyse("Small", SMALL, {"q2": "second", "q1": "first", "q3": "third"})
    view = found.attentive["appearance"]
    assert found.everyone["appearance"] is view
    assert (view.participants, view.answers, view.whole) == (3, 5, 5)
    assert view.contenders == ("a", "b", "c")
    # mean ranks of the three: a 1.5, 1, 1; b 1.5, 2.5, 3; c 3, 2.5, 2 - each of them counts the same
    assert view.mean_rank["a"].value == pytest.approx(3.5 / 3)
    assert view.mean_rank["b"].value == pytest.approx(7 / 3)
    assert view.mean_rank["c"].value == pytest.approx(7.5 / 3)
    assert view.first == pytest.approx({"a": 2.5 / 3, "b": 0.5 / 3, "c": 0})
    assert view.places["c"] == pytest.approx((0, 1.5 / 3, 1.5 / 3))
    # places in the participants' own orders: 1.5 1.5 3, 1 2.5 2.5, 1 3 2
    assert view.order == pytest.approx({"a": 3.5 / 3, "b": 7 / 3, "c": 7.5 / 3})
    assert view.people.statistic == pytest.approx(
        stats.friedmanchisquare([1.5, 1, 1], [1.5, 2.5, 3], [3, 2.5, 2]).statistic
    )
    # mean ranks of the questions: q1 1, 7/3, 8/3; q2 1.5, 2, 2.5
    assert (view.pictures.n, view.pictures.statistic) == (2, pytest.approx(4))
    assert view.concordance == pytest.approx(view.people.statistic / (3 * 2))
    first = view.pairs[0]
    assert (first.above, first.below, first.participants, first.comparisons) == ("a", "b", 3, 5)
    assert first.share.value == pytest.approx((0.5 + 1 + 1) / 3)
    # two differences that are not 0, of one sign: 2 / 4; times three pairs, by Holm
    assert first.p == pytest.approx(0.5) and first.corrected == 1
    # q1: p1 = p2, and 2 of 3 pairs as p3; q2: b-a and c-b are turned, which leaves 1 - 2 of 3
    assert view.tau.value == pytest.approx(((1 + 1 / 3 + 1 / 3) / 3 - 1 / 3) / 2)
    assert view.like_others == pytest.approx({"p1": 1 / 3, "p2": 1 / 3, "p3": 1 / 3})
    assert view.strength["a"].value > view.strength["b"].value > view.strength["c"].value
    assert (view.seconds.least, view.seconds.median, view.seconds.most) == (10, 30, 50)
    second, one, none = view.questions
    assert [one.text, second.text, none.text] == ["first", "second", "third"]
    assert (one.answers, second.answers, none.answers) == (3, 2, 0)
    assert one.mean_rank == pytest.approx({"a": 1, "b": 7 / 3, "c": 8 / 3})
    # W of q1: sums 3, 7, 8; S = 14; 12 * 14 / (9 * 24)
    assert one.concordance == pytest.approx(168 / 216)
    assert one.p == pytest.approx(2 * stats.chi2.sf(6 * 168 / 216, 2))
    assert none.concordance is none.tau is none.seconds is None
    assert found.participants[0].seconds == 15


def test_each_participant_counts_the_same():
    many = [answer("p1", f"q{i}", "ba") for i in range(50)]
    view = analyse("", [*many, *(answer(f"p{i}", "q0", "ab") for i in range(2, 10))]).attentive["appearance"]
    assert view.mean_rank["a"].value == pytest.approx(10 / 9)
    assert (view.pairs[0].above, view.pairs[0].share.value) == ("a", pytest.approx(8 / 9))
    assert view.people.n == 9


def test_many_answers_of_few_people_do_not_look_sure():
    """Contenders of equal worth, people with tastes: false alarms stay rare however many questions each answers."""
    alarms, naive, missed = 0, 0, 0
    for seed in range(60):
        answers = simulated(8, 12, [0, 0, 0], taste=1.5, seed=seed)
        view = analyse("", answers).attentive["appearance"]
        alarms += view.people.p < 0.05 or min(pair.corrected for pair in view.pairs) < 0.05
        # the interval of the strengths has to be as wide
        missed += not all(one.low < 1 / 3 < one.high for one in view.strength.values())
        ranks = np.array([[one.ranking.index(label) for label in "abc"] for one in answers])
        naive += stats.friedmanchisquare(*ranks.T).pvalue < 0.05
    assert naive > 30
    assert alarms <= 9
    assert missed <= 20


def test_a_clear_study_is_clear():
    view = analyse("", simulated(20, 6, [2, 0, -2])).attentive["appearance"]
    assert view.contenders == ("a", "b", "c")
    assert view.people.p < 0.001 and view.pictures.p < 0.05
    assert all(pair.corrected < 0.001 and pair.nemenyi < 0.05 for pair in view.pairs)
    for label in "abc":
        rank, strength = view.mean_rank[label], view.strength[label]
        assert rank.low < rank.value < rank.high and strength.low < strength.value < strength.high
    assert view.mean_rank["a"].high < view.mean_rank["b"].low
    # Gumbel noise on worths is the model of Bradley and Terry: strengths are about exp(worth), tastes aside
    odds = np.log(view.strength["a"].value / view.strength["c"].value)
    assert 3 < odds < 5
    assert view.critical == pytest.approx(2.343 * np.sqrt(12 / 120), abs=1e-3)


def test_who_fails_a_check_is_left_out_and_shown():
    good = [answer(f"p{i}", q, "ab") for i in range(5) for q in ("q1", "q2")]
    bad = [answer("bad", "q1", "ba", attention=True), answer("bad", "q2", "ba", attention=False)]
    found = analyse("", [*good, *bad, answer("new", "q1", "ab", attention=None)])
    assert found.failed == ("bad",)
    assert {one.name: one.attention_passed for one in found.participants}["new"] is None
    assert found.attentive["appearance"].pairs[0].share.value == 1
    assert found.everyone["appearance"].pairs[0].share.value == pytest.approx(6 / 7)
    only = analyse("", bad)
    assert not only.attentive and only.everyone["appearance"].participants == 1


def test_criteria_are_apart():
    layout = [answer(f"p{i}", "q1", "ba", criterion="layout") for i in range(3)]
    found = analyse("", [*(answer(f"p{i}", "q1", "ab") for i in range(3)), *layout])
    assert {name: view.contenders for name, view in found.attentive.items()} == {
        "appearance": ("a", "b"),
        "layout": ("b", "a"),
    }


def test_a_contender_that_a_question_does_not_have():
    answers = [answer(f"p{i}", "q1", "abc") for i in range(3)] + [answer(f"p{i}", "q2", "ba") for i in range(3)]
    view = analyse("", answers).attentive["appearance"]
    assert (view.answers, view.whole) == (6, 3)
    assert view.mean_rank["a"].value == 1
    assert {(pair.above, pair.below): pair.comparisons for pair in view.pairs}["a", "c"] == 3
    assert view.pairs[0].comparisons == 6 and view.pairs[0].share.value == 0.5
    assert view.questions[1].mean_rank == {"a": 2, "b": 1}
    never = analyse("", [answer("p1", "q1", "ab"), answer("p1", "q2", "bc")]).attentive["appearance"]
    assert never.whole == 0 and not never.mean_rank and never.people is None
    assert never.contenders == ("a", "b", "c")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([], "no answers"),
        ([answer("p1", "q1", "a")], "participant 'p1' to question 'q1'"),
        ([answer("p1", "q1", "aba")], "participant 'p1' to question 'q1'"),
        ([answer("p1", "q1", "ab"), answer("p1", "q1", "ba")], "participant 'p1' to question 'q1'"),
    ],
)
def test_answers_that_cannot_be_analysed(tmp_path, answers, words, sentence):
    with pytest.raises(InputError) as error:
        write_analysis("Study", answers, tmp_path / "page.html")
    sentence(error.value, words)
    assert not list(tmp_path.iterdir())


def test_a_page_is_html_by_its_name(tmp_path, sentence):
    with pytest.raises(OptionError) as error:
        write_analysis("Study", SMALL, tmp_path / "page.json")
    sentence(error.value, tmp_path / "page.json")
    assert not list(tmp_path.iterdir())


class Reader(HTMLParser):
    """The text of a page, its tags, and whether each is closed in its turn."""

    def __init__(self, page):
        super().__init__()
        self.open, self.text, self.attributes, self.tags = [], "", [], set()
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data.replace("\N{NARROW NO-BREAK SPACE}", " ")


def written(tmp_path, answers, title="Study", **more):
    numbers = write_analysis(title, answers, tmp_path / "page.html", **more)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["page.html", "page.json"]
    return Reader((tmp_path / "page.html").read_text(encoding="utf-8")), json.loads(numbers.read_text(encoding="utf-8"))


def test_the_page_says_what_was_found(tmp_path):
    answers = [answer(f"p{i}", f"q{j}", "ab" if i + j < 13 else "ba") for i in range(10) for j in range(6)]
    page, numbers = written(tmp_path, answers)
    view = analyse("Study", answers).attentive["appearance"]
    low, high = (f"{100 * end:.0f}" for end in (view.pairs[0].share.low, view.pairs[0].share.high))
    assert view.pairs[0].corrected == pytest.approx(2 / 2**10 * 1.0, rel=0.5)
    sentence = (
        f"Pictures of a were ranked above those of b in 95 % of comparisons (95 % interval {low}–{high} %, corrected"
    )
    assert sentence in page.text
    for words in ("Nobody failed an attention check.", "By appearance", "With 10 participants intervals are rough"):
        assert words in page.text
    assert "By layout" not in page.text
    assert numbers["attentive"]["appearance"]["pairs"][0]["share"]["value"] == pytest.approx(57 / 60)


def test_the_numbers_beside_the_page_are_all_of_them(tmp_path):
    found = analyse("Study", SMALL)
    _, numbers = written(tmp_path, SMALL)
    assert numbers == json.loads(json.dumps(found.record()))
    assert numbers["participants"][2] == {"name": "p3", "answers": 1, "attention_passed": True, "seconds": 50}
    one = written(tmp_path, SMALL[:1])[1]["everyone"]["appearance"]
    assert one["mean_rank"]["a"] == {"value": 1, "low": None, "high": None}


def test_names_cannot_break_the_page(tmp_path):
    evil = '<script>alert("x")</script>&'
    answers = [
        Answer(evil + str(i), evil, evil, (evil, "b", "c") if i else ("b", evil, "c"), i != 2, 5.0) for i in range(9)
    ]
    page, _ = written(tmp_path, answers, evil, questions={evil: evil + "?"})
    assert "script" not in page.tags
    assert page.text.count(evil) > 8 and evil + "?" in page.text


def test_the_page_needs_nothing_else(tmp_path):
    page, _ = written(tmp_path, simulated(6, 3, [1, 0, 0, -1]))
    assert not {name for name, _ in page.attributes} & {"src", "href", "onclick"}
    assert not page.tags & {"script", "link", "img", "iframe"}
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "://" not in text and "@import" not in text and "url(" not in text
    assert len(text) < 100_000


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (simulated(1, 3, [0, 0, 0]), "one participant only"),
        (simulated(5, 3, [0, 0]), "only 5 participants: before the corrected test of 1 pair can tell"),
        (simulated(8, 3, [0] * 5), "two contenders apart, it takes 9 who agree"),
        (simulated(6, 1, [0, 0]), "one question only"),
        (simulated(6, 5, [0, 0]), "only 5 questions"),
        ([answer(f"p{i}", "q", "ab") for i in range(6)], "b was never ranked above a"),
        ([*SMALL, answer("p3", "q2", "ab")], "1 answer of 6 rank fewer"),
        ([answer("p1", "q", "ab", attention=False)], "Everybody who answered failed"),
        ([answer("p1", "q", "ab", attention=None)], "Nobody was shown an attention check"),
        ([answer("p1", "q", "ab"), answer("p2", "q", "ab", attention=False)], "1 participant of 2 failed"),
    ],
)
def test_what_the_page_warns_of(tmp_path, answers, words):
    page, _ = written(tmp_path, answers)
    assert words in page.text
    calm, _ = written(tmp_path, simulated(20, 8, [1, 0, -1]))
    assert words not in calm.text


def test_the_number_of_participants_that_a_warning_asks_for_is_enough():
    for contenders, enough in ((2, 6), (3, 7), (5, 9)):
        ranking = "abcdefgh"[:contenders]
        for people, found in ((enough - 1, False), (enough, True)):
            view = analyse("", [answer(f"p{i}", "q", ranking) for i in range(people)]).attentive["appearance"]
            assert (min(pair.corrected for pair in view.pairs) < 0.05) == found


def test_groups_that_a_critical_difference_joins():
    order = {"d": 4.0, "a": 1.0, "c": 2.6, "b": 1.9}
    assert plots.groups(order, 1.0) == [("a", "b"), ("b", "c")]
    assert plots.groups(order, 1.7) == [("a", "b", "c"), ("c", "d")]
    assert plots.groups(order, 3.0) == [("a", "b", "c", "d")]
    assert plots.groups(order, 0.5) == []


def test_a_plot_shows_values_where_they_are():
    axis = plots.rank_axis(5)
    assert axis.at(3) == 50 and axis.at(1) == 100 - axis.at(5)
    view = analyse("", simulated(6, 3, [3, 0, -3])).attentive["appearance"]
    shares = plots.share_axis(list(view.strength.values()))
    at = [shares.at(view.strength[label].value) for label in "abc"]
    assert 97 >= at[0] > at[1] > at[2] >= 3
    assert 2 <= len(shares.ticks) <= 4


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_the_page_in_a_browser(tmp_path):
    from playwright.sync_api import sync_playwright

    answers = simulated(12, 6, [1, 0.5, 0, -0.5, -1], labels=["patch", "a-contender-with-a-long-name", "c", "d", "e"])
    answers += [answer("bad", "q1", ["e", "d", "c", "a-contender-with-a-long-name", "patch"], attention=False)]
    written(tmp_path, answers)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        papers = set()
        for width, scheme in ((360, "light"), (1200, "dark")):
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
            asked = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto((tmp_path / "page.html").as_uri())
            assert len(asked) == 1
            # nothing but tables sticks out
            assert page.evaluate("document.documentElement.scrollWidth") == width
            papers.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
            # dots stand in the order of the ranks, each beside its name
            boxes = [dot.bounding_box() for dot in page.locator(".plot").first.locator(".dot").all()]
            assert len(boxes) == 5 and [box["x"] for box in boxes] == sorted(box["x"] for box in boxes)
            names = [name.bounding_box() for name in page.locator(".plot").first.locator(".label").all()]
            for dot, name in zip(boxes, names, strict=True):
                assert name["y"] < dot["y"] < name["y"] + name["height"]
                assert dot["x"] > name["x"] + name["width"]
            page.close()
        assert len(papers) == 2
        browser.close()
