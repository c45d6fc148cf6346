using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>
/// Cuts that leave every node some neighbour made clusters elect without end (Cloudflare's outage of 2020-11-02: two nodes that heard a third and
/// not each other). Here a cut can cost a leader, and no more.
/// </summary>
internal sealed class TermGrowthTests
{
    /// <summary>Elections that a cut may cause: the leader loses its quorum.</summary>
    private const int ElectionsPerCut = 1;

    private const int Seeds = 30;

    [TestCase(3)]
    [TestCase(5)]
    public void Bridges_and_one_way_cuts_cost_no_more_terms_than_there_were_cuts_to_cause_them(int nodes)
    {
        var counts = new EventCounts();
        for (var seed = 1UL; seed <= Seeds; seed++)
        {
            var report = Simulation.Run(new() { Seed = seed, Nodes = nodes, Profile = FaultProfile.Cuts });
            Assert.That(report.Violation, Is.Null, $"seed {seed}");
            counts.Add(report.Counts);
        }

        var cuts = counts.Counts["bridge"] + counts.Counts["one-way cut"];
        var elections = counts.Counts["election begun"] - Seeds;
        Assert.That(cuts, Is.GreaterThan(100), "there is something to grow from");
        Assert.That(elections, Is.LessThanOrEqualTo(ElectionsPerCut * cuts), $"{elections} elections came of {cuts} cuts");
        TestContext.Out.WriteLine($"{nodes} nodes: {elections} elections came of {cuts} cuts.");
    }
}
