using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What each level of reads promises, and the least history that breaks it.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class LevelCheckTests : IDisposable
{
    private const long Millisecond = 1_000_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_session_reads_its_writes_at_whichever_node()
    {
        Assert.That(Session(Start().Add(1, 0, 1, 5, 5, index: 9).Read(1, 2, 3, 5, index: 9, level: "session")).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Session(Start().Add(1, 0, 1, 5, 5, index: 9).Read(1, 2, 3, 0, index: 8, level: "session")).Detail, Does.Contain("A session goes back").And.Contain("stands at 8"));
        Assert.That(Session(Start().Add(1, 0, 1, 5, 5).Read(1, 2, 3, 0, level: "session")).Detail, Does.Contain("A session goes back").And.Contain("add 5"));
        Assert.That(Session(Start().Add(1, 0, 1, 5).Read(1, 2, 3, 4, level: "session")).Detail, Does.Contain("A session goes back"), "an add that told no sum");
        Assert.That(Session(Start().Add(2, 0, 1, 5, 5, index: 9).Read(1, 2, 3, 0, index: 8, level: "session")).Verdict, Is.EqualTo(Verdict.Linearizable), "another's write");
    }

    [TestCase("eventual")]
    [TestCase("bounded:500")]
    [TestCase("session")]
    [TestCase("lease")]
    [TestCase(null)]
    public void A_session_does_not_go_back_behind_what_it_was_told_at_any_level(string? level)
    {
        Assert.That(Session(Start().Read(1, 0, 1, 5, index: 9, level: level).Read(1, 2, 3, 5, index: 9, level: "session")).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Session(Start().Read(1, 0, 1, 5, index: 9, level: level).Read(1, 2, 3, 5, index: 8, level: "session")).Detail, Does.Contain("A session goes back").And.Contain("told 9 before"));
        Assert.That(Session(Start().Read(1, 0, 1, 5, level: level).Read(1, 2, 3, 4, level: "session")).Detail, Does.Contain("A session goes back"));
    }

    [Test]
    public void A_session_does_not_go_back_over_keys()
    {
        var other = new ClientCall("levels/2", OperationFunction.Read) { Level = "session" };
        Assert.That(Session(Start().Read(1, 0, 1, 5, index: 9, level: "session").Add(1, 2, 3, other, new(AnswerKind.Ok, 0) { Index = 8 })).Detail, Does.Contain("A session goes back"));
    }

    [TestCase("eventual")]
    [TestCase("bounded:500")]
    public void Other_weak_levels_may_go_back(string level) =>
        Assert.That(Session(Start().Add(1, 0, 1, 5, 5, index: 9).Read(1, 2, 3, 0, index: 8, level: level)).Verdict, Is.EqualTo(Verdict.Linearizable));

    [Test]
    public void A_strong_read_comes_after_what_its_process_saw_at_a_weak_level() =>
        Assert.That(Session(Start().Read(1, 0, 1, 5, index: 9, level: "eventual").Read(1, 2, 3, 5, index: 8)).Detail, Does.Contain("A session goes back"));

    [Test]
    public void A_read_is_the_sum_of_the_adds_up_to_its_place()
    {
        Assert.That(Places(Eventual(0, 3)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Eventual(5, 4)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Eventual(5, 6)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Eventual(7, 7)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Eventual(7, 6)).Detail, Does.Contain("stands at 6").And.Contain("no prefix"), "it has an add behind its place");
        Assert.That(Places(Eventual(0, 4)).Detail, Does.Contain("no prefix"), "it lacks an add at its place");
        Assert.That(Places(Eventual(2, 7)).Detail, Does.Contain("no prefix"), "it has a later add without the earlier one");
        Assert.That(Places(Eventual(3, 4)).Detail, Does.Contain("no prefix"), "no such sum ever was");

        static Told Eventual(long value, long index) => Start().Add(1, 0, 1, 5, 5, index: 4).Add(1, 2, 3, 2, 7, index: 7).Read(2, 4, 5, value, index: index, level: "eventual");
    }

    [Test]
    public void An_add_of_unknown_outcome_may_stand_anywhere_and_then_stays_there()
    {
        Told Seen(params (long Value, long Index)[] reads) =>
            reads.Aggregate(Start().Add(1, 0, 1, 5, kind: AnswerKind.Unknown).Add(2, 0, 1, 2, 2, index: 3), static (told, read) => told.Read(9, 4, 5, read.Value, index: read.Index, level: "eventual"));
        Assert.That(Places(Seen((2, 4), (7, 5))).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Seen((7, 4), (2, 5))).Detail, Does.Contain("no prefix"), "it was there before");
        Assert.That(Places(Seen((12, 4))).Detail, Does.Contain("no prefix"), "it counts twice");
        Assert.That(Places(Seen((7, 5), (2, 5))).Detail, Does.Contain("no prefix"), "two values at one place");
        Assert.That(Places(Seen((2, 5), (7, 5))).Detail, Does.Contain("no prefix"), "two values at one place");
    }

    [Test]
    public void Two_writes_do_not_stand_at_one_place() =>
        Assert.That(Places(Start().Add(1, 0, 2, 5, index: 4).Add(2, 0, 2, 2, index: 4)).Detail, Does.Contain("Two adds stand at 4"));

    [Test]
    public void A_place_is_not_behind_what_was_told_longer_ago_than_the_age()
    {
        Assert.That(Places(Late("bounded:50", null)).Verdict, Is.EqualTo(Verdict.Linearizable), "told just then");
        Assert.That(Places(Late("bounded:49", null)).Detail, Does.Contain("stands at 3").And.Contain("another answer stood at 9"));
        Assert.That(Places(Late("eventual", 50)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Late("eventual", 49)).Verdict, Is.EqualTo(Verdict.Illegal), "it admits too little");
        Assert.That(Places(Late("eventual", null)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Places(Late("lease", null)).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Places(Late(null, null)).Verdict, Is.EqualTo(Verdict.Illegal));

        // What was told is of another key: only places show that the read lacks it.
        static Told Late(string? level, long? age) =>
            Start().Add(1, 0, 10, new("levels/2", OperationFunction.Add, 5), new(AnswerKind.Ok, 5) { Index = 9 }).Read(2, 60, 61, 0, index: 3, level: level, ageMs: age);
    }

    [Test]
    public void A_write_stands_behind_whatever_was_told_before_it_began() =>
        Assert.That(Places(Start().Read(1, 0, 1, 0, index: 9, level: "eventual").Add(2, 2, 3, 5, 5, index: 9)).Verdict, Is.EqualTo(Verdict.Illegal));

    [Test]
    public void A_lease_read_is_held_to_its_promise_but_while_a_clock_has_just_leapt()
    {
        var stale = Start().Add(1, 0, 10, 5, 5, index: 4).Read(2, 60, 61, 0, index: 3, level: "lease", ageMs: 0);
        Assert.That(Verdicts(stale), Does.Contain(Verdict.Illegal));
        Assert.That(Verdicts(stale, new ClockLeap(0, 59 * Millisecond)), Does.Contain(Verdict.Illegal), "it began after");
        Assert.That(Verdicts(stale, new ClockLeap(62 * Millisecond, long.MaxValue)), Does.Contain(Verdict.Illegal), "it ended before");
        Assert.That(Verdicts(stale, new ClockLeap(61 * Millisecond, 61 * Millisecond)), Has.None.EqualTo(Verdict.Illegal));
        var lie = Start().Add(1, 0, 10, 5, 5, index: 4).Read(2, 60, 61, 3, index: 3, level: "lease");
        Assert.That(Verdicts(lie, new ClockLeap(0, long.MaxValue)), Does.Contain(Verdict.Illegal), "that never was, clocks or not");
    }

    [TestCase("session")]
    [TestCase("bounded:10")]
    [TestCase(null)]
    public void No_other_level_is_excused_by_a_leap(string? level)
    {
        var stale = Start().Add(2, 0, 10, 5, 5, index: 4).Read(2, 60, 61, 0, index: 3, level: level);
        Assert.That(Verdicts(stale, new ClockLeap(0, long.MaxValue)), Does.Contain(Verdict.Illegal));
    }

    [Test]
    public void A_leap_that_was_not_seen_may_come_whenever_its_node_wakes_up()
    {
        RunFault Fault(string nemesis, bool tookEffect) => new(nemesis, "", 1, 2, [1], tookEffect);
        Assert.That(ClockTroubles.LeapsOf([Fault("clock-jump", true), Fault("clock-jump", false), Fault("clock-drift", true)]), Is.EqualTo(new ClockLeap[] { new(1, 2 + (5_000 * Millisecond)), new(1, long.MaxValue) }));
    }

    private static Told Start() => new("levels");

    private static RunCheck Session(Told told) => SessionGuarantees.Check("levels", told.Operations);

    private static RunCheck Places(Told told) => PlacesCheck.Check("levels", told.Operations);

    private IEnumerable<Verdict> Verdicts(Told told, params ClockLeap[] leaps) => Judge.Run(
        new LoadResult
        {
            Operations = told.Operations,
            FinalFrom = 0,
            FinalReads = [],
            Views = new Dictionary<int, NodeView>(),
            Repeats = [],
            Stream = null,
            IsFull = false,
        },
        new() { Folder = _folder.Path, Leaps = leaps }).Select(static check => check.Verdict);
}
