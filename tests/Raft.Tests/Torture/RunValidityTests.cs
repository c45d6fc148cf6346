using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

internal sealed class RunValidityTests
{
    private static readonly IReadOnlyList<RunFault> Kills = [new("kill", "kill 1", 0, 100_000_000_000, [1], TookEffect: true)];

    [Test]
    public void A_run_whose_faults_did_something_while_clients_worked_is_valid() =>
        Assert.That(RunValidity.Lacks(Kills, ["kill"], Operations(50)), Is.Empty);

    [Test]
    public void A_nemesis_that_never_struck_or_did_nothing_or_met_nobody_makes_it_invalid()
    {
        Assert.That(RunValidity.Lacks(Kills, ["kill", "pause"], Operations(50)).Single(), Does.Contain("pause never struck"));
        Assert.That(RunValidity.Lacks([Kills[0] with { TookEffect = false }], ["kill"], Operations(50)).Single(), Does.Contain("never seen to take effect"));
        Assert.That(RunValidity.Lacks([Kills[0] with { Began = 40_000_000_000, Ended = 45_000_000_000 }], ["kill"], Operations(50)).Single(), Does.Contain("met 6 operations"));
    }

    [Test]
    public void A_run_in_which_hardly_anything_was_done_proves_nothing()
    {
        Assert.That(RunValidity.Lacks([], [], []).Single(), Does.Contain("0 of 0"));
        Assert.That(RunValidity.Lacks([], [], Operations(50, AnswerKind.Unknown)).Single(), Does.Contain("0 of 50"));
    }

    private static List<RunOperation> Operations(int count, AnswerKind kind = AnswerKind.Ok) =>
        [.. Enumerable.Range(0, count).Select(place => new RunOperation("counter", 1, 1, new("counter/1", OperationFunction.Read), place * 1_000_000_000L, (place * 1_000_000_000L) + 1, new(kind, 0L)))];
}
