using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Exploration;

/// <summary>Small bounds, visited to the last state; and that a search which should find something does.</summary>
internal sealed class ExplorerTests
{
    private static readonly ExplorerOptions Small = new() { Nodes = 3, Terms = 1, Entries = 1 };

    /// <summary>A number that changes says that the core acts differently, or that the explorer sees more or less of it: know which before it is mended here.</summary>
    [TestCase(2, 1, 1, 0, 20, 9)]
    [TestCase(3, 1, 1, 0, 1_184, 17)]
    [TestCase(3, 2, 0, 0, 4_024, 19)]
    [TestCase(2, 2, 1, 1, 1_780, 18)]
    public void A_small_bound_has_so_many_states_and_none_breaks_a_promise(int nodes, int terms, int entries, int crashes, int states, int depth)
    {
        var report = Explore(new() { Nodes = nodes, Terms = terms, Entries = entries, Crashes = crashes });
        Assert.That(report.IsExhausted, Is.True, report.Ended);
        Assert.That((report.States, report.Depth), Is.EqualTo((states, depth)));
    }

    [Test]
    public void A_change_of_the_members_breaks_no_promise_either([Values(0, 1)] int learners)
    {
        var report = Explore(new() { Nodes = 3, Terms = 1, Entries = 0, Changes = 1, Learners = learners });
        Assert.That(report.IsExhausted, Is.True, string.Join('\n', report.Transcript) + report.Ended);
        Assert.That(report.States, Is.GreaterThan(100));
    }

    [Test]
    public void States_that_differ_only_in_names_count_once_and_the_verdict_stays()
    {
        var merged = Explore(Small);
        var all = Explore(Small with { Symmetry = false });
        Assert.That((merged.IsExhausted, merged.Depth), Is.EqualTo((all.IsExhausted, all.Depth)));
        Assert.That(all.States, Is.InRange(merged.States * 3, merged.States * 6), "three nodes have six orders; a state that is its own mirror image has fewer");
    }

    [Test]
    public void Both_searches_find_what_lying_disks_break_in_equally_few_steps()
    {
        var options = Small with { Crashes = 1, LyingDisks = true };
        var merged = Explore(options);
        var all = Explore(options with { Symmetry = false });
        Assert.That(merged.Violation?.Invariant, Is.Not.Null.And.EqualTo(all.Violation?.Invariant));
        Assert.That(Steps(merged), Is.EqualTo(Steps(all)));
    }

    /// <summary>The shortest way: a vote is given, its disk forgets it, and it is given again.</summary>
    [Test]
    public void A_disk_that_forgets_what_it_reported_is_found_out_by_the_shortest_way()
    {
        var report = Explore(Small with { Crashes = 1, LyingDisks = true });
        Assert.That(report.Violation!.Invariant, Is.EqualTo("OneVoteATerm"));
        Assert.That(report.Transcript.Where(static line => line.StartsWith('>')).Skip(1), Is.EqualTo(new[]
        {
            "> timeout 1, pre-vote granted by 2", "> crash 1, restart 1", "> timeout 2, pre-vote granted by 1", "> deliver 2->1",
        }));
        Assert.That(report.Transcript[^1], Does.StartWith("! OneVoteATerm: "));
        Assert.That(report.IsExhausted, Is.False);
    }

    [Test]
    public void Two_searches_are_the_same_to_the_last_step()
    {
        var (first, second) = (Explore(Small), Explore(Small));
        Assert.That(
            (second.States, second.Transitions, second.Depth, second.NodeStates, second.Messages),
            Is.EqualTo((first.States, first.Transitions, first.Depth, first.NodeStates, first.Messages)));
    }

    [Test]
    public void Sending_again_and_other_sizes_of_appends_break_no_promise()
    {
        var again = Explore(Small with { Resend = true });
        var single = Explore(Small with { Batch = 4 });
        Assert.That((again.IsExhausted, single.IsExhausted), Is.EqualTo((true, true)));
    }

    [Test]
    public void A_search_that_runs_out_of_time_or_memory_says_so_and_claims_nothing()
    {
        var late = Explore(new() { Terms = 3, TimeLimit = TimeSpan.FromTicks(1) });
        var full = Explore(new() { Terms = 3, MemoryLimit = 1 });
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        var stopped = new Explorer(new() { Terms = 3 }).Run(stop.Token);
        foreach (var (report, why) in new[] { (late, "time limit"), (full, "memory limit"), (stopped, "from outside") })
        {
            Assert.That(report.IsExhausted, Is.False);
            Assert.That(report.Violation, Is.Null);
            Assert.That(report.Ended, Does.Contain(why));
        }
    }

    [Test]
    public void Options_out_of_range_are_refused_with_a_sentence()
    {
        ExplorerOptions[] wrong =
        [
            new() { Nodes = 1 }, new() { Nodes = 6 }, new() { Terms = 0 }, new() { Terms = 13 }, new() { Entries = -1 }, new() { Crashes = 4 }, new() { Changes = 3 },
            new() { Learners = 3 }, new() { Batch = 0 }, new() { Terms = 12, Entries = 8 },
        ];
        foreach (var options in wrong)
            Assert.That(() => new Explorer(options), Throws.ArgumentException.With.Message.Contains("give"));
    }

    private static int Steps(ExplorerReport report) => report.Transcript.Count(static line => line.StartsWith('>'));

    private static ExplorerReport Explore(ExplorerOptions options) => new Explorer(options).Run();
}
