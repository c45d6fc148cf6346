using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>A hunt that did not meet what it must meet proves nothing, and says so.</summary>
internal sealed class CoverageTests
{
    [Test]
    public void A_small_hunt_is_not_judged() =>
        Assert.That(RequiredCoverage.Judge(new Dictionary<string, long>(StringComparer.Ordinal), RequiredCoverage.MinSeeds - 1, 3), Is.Null);

    [TestCase(3)]
    [TestCase(5)]
    public void What_never_happened_is_missing_and_a_larger_hunt_must_have_met_more(int nodes)
    {
        var nothing = new Dictionary<string, long>(StringComparer.Ordinal);
        var small = RequiredCoverage.Judge(nothing, RequiredCoverage.MinSeeds, nodes)!;
        var large = RequiredCoverage.Judge(nothing, 20_000, nodes)!;
        Assert.That(small.Missing, Has.Count.EqualTo(small.Required).And.Contains("sent Vote").And.Contains("state Leader Ahead Stable").And.Contains("leader elected"));
        Assert.That(large.Missing, Is.SupersetOf(small.Missing).And.Contains("crash at next segment rename"));
        Assert.That(large.Required, Is.GreaterThan(small.Required));
        Assert.That(large.Missing, Is.Unique);
        var all = large.Missing.ToDictionary(static name => name, static _ => 1L, StringComparer.Ordinal);
        Assert.That(RequiredCoverage.Judge(all, 20_000, nodes)!.Missing, Is.Empty);
        all["sent Vote"] = 0;
        Assert.That(RequiredCoverage.Judge(all, 20_000, nodes)!.Missing, Is.EqualTo(new[] { "sent Vote" }));
    }

    [Test]
    public void A_crash_that_waits_for_a_place_comes_at_that_place()
    {
        var disk = new ShadowDisk(LogBench.NewDisk(), new());
        disk.CrashAtPoint(IoPoints.Of(DiskOperation.Rename, "log-next.new"), CrashMoment.Before);
        using (var file = disk.Create("log-next.new"))
        {
            file.Write(0, new byte[10]);
            file.SyncData();
        }

        Assert.That(() => disk.Rename("log-next.new", "log-1.seg"), Throws.TypeOf<SimulatedCrashException>());
        Assert.That(IoPoints.NameOf(disk.LastPoint), Is.EqualTo("next segment rename"));
        Assert.That(disk.Points[IoPoints.Of(DiskOperation.Write, "log-next.new")], Is.EqualTo(1));
    }
}
