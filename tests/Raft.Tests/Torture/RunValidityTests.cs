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

    [Test]
    public void A_run_in_which_no_watcher_went_on_elsewhere_proves_too_little()
    {
        Assert.That(Lacks(Stretch(1, null), Stretch(2, 5)), Is.Empty);
        Assert.That(Lacks(Stretch(1, null), Stretch(1, 5)).Single(), Does.Contain("No watcher went on at another node"));
        Assert.That(Lacks(Stretch(1, null), Stretch(2, 5, WatchToldKind.Reset)).Single(), Does.Contain("No watcher went on at another node"));

        static IReadOnlyList<string> Lacks(params WatchStretch[] stretches) => RunValidity.Lacks([], Load([]) with { Watch = new([stretches]) });
        static WatchStretch Stretch(int node, long? from, WatchToldKind kind = WatchToldKind.Progress) => new(node, from, [new(new(kind, 9), 0)]);
    }

    [Test]
    public void A_run_with_nodes_cut_off_in_which_nothing_accepted_came_late_proves_too_little()
    {
        RunFault[] cut = [new("partition-node", "", 0, 1, [1], TookEffect: true)];
        Assert.That(RunValidity.Lacks(cut, Load(Accepted(seen: 1))).Single(), Does.Contain("seen to come late"));
        Assert.That(RunValidity.Lacks(cut, Load(Accepted(seen: 0))), Is.Empty);
        Assert.That(RunValidity.Lacks(cut, Load(Accepted(seen: 1)[..100])), Is.Empty, "too few to meet it");
        Assert.That(RunValidity.Lacks([cut[0] with { TookEffect = false }], Load(Accepted(seen: 1))), Is.Empty);
        Assert.That(RunValidity.Lacks([cut[0] with { Nemesis = "partition-clients" }], Load(Accepted(seen: 1))), Is.Empty, "the nodes did not notice");

        // One add a key, and a strong read of it after that, which sees it or not.
        static RunOperation[] Accepted(long seen) =>
        [
            .. Enumerable.Range(0, RunValidity.ManyAccepted).SelectMany(key => new RunOperation[]
            {
                new("available", 1, 1, new($"available/{key}", OperationFunction.Add, 1L) { Concern = "available" }, 1, 2, new(AnswerKind.Ok)),
                new("available", 1, 1, new($"available/{key}", OperationFunction.Read), 3, 4, new(AnswerKind.Ok, seen)),
            }),
        ];
    }

    private static LoadResult Load(IReadOnlyList<RunOperation> operations) => new()
    {
        Operations = operations,
        FinalFrom = 0,
        FinalReads = [],
        Views = new Dictionary<int, NodeView>(),
        Repeats = [],
        Stream = null,
        IsFull = false,
    };

    private static List<RunOperation> Operations(int count, AnswerKind kind = AnswerKind.Ok) =>
        [.. Enumerable.Range(0, count).Select(place => new RunOperation("counter", 1, 1, new("counter/1", OperationFunction.Read), place * 1_000_000_000L, (place * 1_000_000_000L) + 1, new(kind, 0L)))];
}
