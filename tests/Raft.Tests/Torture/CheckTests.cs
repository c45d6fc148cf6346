using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>Each checker is shown what it must accept and what it must reject, with the least difference between them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class CheckTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private JudgeOptions Options => new() { Folder = _folder.Path };

    public void Dispose() => _folder.Dispose();

    [Test]
    public void What_is_stale_but_in_each_processs_order_is_sequential_and_not_linearizable()
    {
        var stale = new Told("counter").Add(1, 0, 1, 5, 5).Read(2, 2, 3, 0).Read(2, 4, 5, 5);
        Assert.That(Linearity(stale), Is.EqualTo(Verdict.Illegal));
        Assert.That(Sequential(stale), Is.EqualTo(Verdict.Linearizable));
        var back = new Told("counter").Add(1, 0, 1, 5, 5).Read(2, 2, 3, 5).Read(2, 4, 5, 0);
        Assert.That(Sequential(back), Is.EqualTo(Verdict.Illegal));
        var own = new Told("counter").Add(1, 0, 1, 5, 5).Read(1, 2, 3, 0);
        Assert.That(Sequential(own), Is.EqualTo(Verdict.Illegal));
    }

    [Test]
    public void An_operation_of_unknown_outcome_may_be_in_a_sequential_order_or_not_but_not_twice()
    {
        var once = new Told("counter").Add(1, 0, 1, 5, kind: AnswerKind.Unknown).Read(2, 2, 3, 5).Read(3, 2, 3, 0);
        Assert.That(Sequential(once), Is.EqualTo(Verdict.Linearizable));
        var twice = new Told("counter").Add(1, 0, 1, 5, kind: AnswerKind.Unknown).Read(2, 2, 3, 5).Read(3, 2, 3, 10);
        Assert.That(Sequential(twice), Is.EqualTo(Verdict.Illegal));
        var refused = new Told("counter").Add(1, 0, 1, 5, kind: AnswerKind.Failed).Read(2, 2, 3, 5);
        Assert.That(Sequential(refused), Is.EqualTo(Verdict.Illegal));
    }

    [Test]
    public void Two_changes_from_one_value_of_a_register_are_in_no_order()
    {
        var one = new Told("cas").Set(1, 0, 1, HistoryValue.Null, 1).Set(2, 2, 3, 1, 2).Set(3, 2, 3, 1, 3, AnswerKind.Failed).Read(4, 4, 5, 2);
        Assert.That(Sequential(one), Is.EqualTo(Verdict.Linearizable));
        var two = new Told("cas").Set(1, 0, 1, HistoryValue.Null, 1).Set(2, 2, 3, 1, 2).Set(3, 2, 3, 1, 3);
        Assert.That((Linearity(two), Sequential(two)), Is.EqualTo((Verdict.Illegal, Verdict.Illegal)));
    }

    [Test]
    public void A_search_that_runs_out_of_time_decides_nothing()
    {
        var many = new Told("counter");
        for (var process = 0; process < 14; process++)
            many.Add(process, 0, 100, 1L << process).Add(process, 101, 200, 1L << (process + 20));
        many.Read(99, 300, 301, 3);
        Assert.That(SequentialSearch.Run(many.Operations, LoadObject.Counter, TimeSpan.Zero), Is.EqualTo(Verdict.Undecided));
    }

    [Test]
    public void Session_guarantees_are_told_apart()
    {
        Assert.That(Guarantees(new Told("counter").Add(1, 0, 1, 5, 5, index: 3).Read(1, 2, 3, 5, index: 3).Add(1, 4, 5, 2, 9, index: 7).Read(2, 2, 3, 0, index: 1)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Guarantees(new Told("counter").Read(1, 0, 1, 5).Read(1, 2, 3, 4)).Detail, Does.Contain("Reads are not monotonic"));
        Assert.That(Guarantees(new Told("counter").Add(1, 0, 1, 5).Read(1, 2, 3, 4)).Detail, Does.Contain("does not read its writes"));
        Assert.That(Guarantees(new Told("counter").Add(1, 0, 1, 5, 9).Read(1, 2, 3, 7)).Detail, Does.Contain("does not read its writes"));
        Assert.That(Guarantees(new Told("counter").Add(1, 0, 1, 5, 9).Add(1, 2, 3, 1, 4)).Detail, Does.Contain("Writes are not monotonic"));
        Assert.That(Guarantees(new Told("counter").Read(1, 0, 1, 9).Add(1, 2, 3, 1, 4)).Detail, Does.Contain("does not follow what was read"));
        Assert.That(Guarantees(new Told("counter").Read(1, 0, 1, 9, index: 8).Read(1, 2, 3, 9, index: 7)).Detail, Does.Contain("The order goes back"));
        Assert.That(Guarantees(new Told("set").Read(1, 0, 1, 0b01).Read(1, 2, 3, 0b10)).Detail, Does.Contain("Reads are not monotonic"));
    }

    [Test]
    public void A_read_may_be_as_old_as_its_level_allows_and_no_older()
    {
        Told Late(string? level, long? age = null) => new Told("levels").Add(1, 0, 10, 5).Read(2, 60, 61, 0, level: level, ageMs: age);
        Assert.That(Staleness(Late("bounded:50")).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Staleness(Late("bounded:49")).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Staleness(Late("lease")).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Staleness(Late(null)).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(Staleness(Late("eventual")).Detail, Does.Contain("50.0 ms"));
        Assert.That(Staleness(Late("eventual", age: 50)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Staleness(Late("eventual", age: 30)).Verdict, Is.EqualTo(Verdict.Illegal), "it admits too little");
        Assert.That(Staleness(new Told("levels").Add(1, 0, 10, 5).Read(2, 9, 20, 0)).Verdict, Is.EqualTo(Verdict.Linearizable), "they were at once");
    }

    [Test]
    public void A_sum_holds_each_acknowledged_add_once_and_each_unknown_one_at_most_once()
    {
        var told = new Told("counter").Add(1, 0, 1, 100).Add(1, 2, 3, 20).Add(2, 0, 1, 3, kind: AnswerKind.Unknown).Add(3, 0, 1, 7_000, kind: AnswerKind.Failed);
        Assert.That(Sum(120).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Sum(123).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(Sum(126).Detail, Does.Contain("no choice of its adds").Or.Contain("counted twice"));
        Assert.That(Sum(23).Detail, Does.Contain("lacks an acknowledged add").And.Contain("add 100"));
        Assert.That(Sum(140).Detail, Does.Contain("is counted twice").And.Contain("add 20"));
        Assert.That(Sum(7_120).Detail, Does.Contain("that was refused is counted"));
        Assert.That(Sum(null).Verdict, Is.EqualTo(Verdict.Undecided));

        RunCheck Sum(long? value) => SumCheck.Check("counter", "sum", told.Operations, told.Finally(value is { } number ? number : null));
    }

    [Test]
    public void A_command_sent_again_must_get_its_first_answer()
    {
        var call = new ClientCall("sessions/1", OperationFunction.Add, 5) { Session = "s", Sequence = 1 };
        var answer = new ClientAnswer(AnswerKind.Ok, 5) { Index = 9 };
        Assert.That(SumCheck.Check("sessions", [new(call, answer, answer)]).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(SumCheck.Check("sessions", [new(call, answer, answer with { Result = 10 })]).Verdict, Is.EqualTo(Verdict.Illegal));
        Assert.That(SumCheck.Check("sessions", [new(call, answer, answer with { Index = 10 })]).Verdict, Is.EqualTo(Verdict.Illegal));
    }

    [Test]
    public void Nodes_converge_if_all_tell_the_same_in_the_end()
    {
        var told = new Told("counter");
        Assert.That(ConvergenceCheck.Check("counter", told.Finally(5, 5, 5)).Verdict, Is.EqualTo(Verdict.Linearizable));
        Assert.That(ConvergenceCheck.Check("counter", told.Finally(5, 4, 5)).Detail, Does.Contain("5 through node 1 and 4 through node 2"));
        Assert.That(ConvergenceCheck.Check("counter", told.Finally(5, null, 5)).Detail, Does.Contain("through node 2"));
        Assert.That(States(Node(9, "a"), Node(9, "a")), Is.EqualTo(Verdict.Linearizable));
        Assert.That(States(Node(9, "a"), Node(9, "b")), Is.EqualTo(Verdict.Illegal));
        Assert.That(States(Node(9, "a"), Node(8, "b")), Is.EqualTo(Verdict.Undecided));

        static NodeView Node(long applied, string state) => new(false, 1, applied, applied, state);
        static Verdict States(params NodeView[] views) => ConvergenceCheck.Check(views.Index().ToDictionary(static view => view.Index + 1, static view => view.Item)).Verdict;
    }

    private Verdict Linearity(Told told) => LinearityCheck.Check(told.Operations[0].Workload, told.Operations, Options, out _, CancellationToken.None).Verdict;

    private Verdict Sequential(Told told) => SequentialCheck.Check(told.Operations[0].Workload, told.Operations, null, Options).Verdict;

    private static RunCheck Guarantees(Told told) => SessionGuarantees.Check(told.Operations[0].Workload, told.Operations);

    private static RunCheck Staleness(Told told) => StalenessCheck.Check("levels", told.Operations);
}
