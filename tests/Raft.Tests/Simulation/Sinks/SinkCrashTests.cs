using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>Killing the leader, the reader's node or another one at any place where a node changes a disk loses nothing and doubles nothing in the files of a sink, on any replica.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class SinkCrashTests
{
    [Test]
    public void A_node_that_dies_at_any_place_loses_and_doubles_nothing([Values] SinkVictim victim, [Values] CrashMoment moment)
    {
        var report = SinkCrashes.Run((ulong)(((int)victim * 3) + (int)moment + 1), victim, moment);
        Assert.That(report.Places, Is.EqualTo(26), "23 places, and the three of the sink while a node starts");
        Assert.That(report.Records, Is.GreaterThan(500));
        TestContext.Out.WriteLine($"{victim}, {moment}: {report}");
    }

    [Test]
    public void The_places_are_all_that_there_are()
    {
        Assert.That(SinkCrashes.Places, Is.Unique);
        Assert.That(SinkCrashes.Places.Select(IoPoints.NameOf), Is.EquivalentTo(new[]
        {
            "folder sync", "log segment write", "log segment sync", "log segment delete", "next segment create", "next segment write", "next segment sync", "next segment rename", "next segment delete",
            "own snapshot create", "own snapshot write", "own snapshot sync", "own snapshot rename", "own snapshot delete", "received snapshot create", "received snapshot write", "received snapshot sync",
            "received snapshot rename", "received snapshot delete", "snapshot delete", "sink file create", "sink file write", "sink file delete",
        }));
    }
}
