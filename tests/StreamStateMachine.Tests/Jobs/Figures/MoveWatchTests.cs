namespace RaftStream.StreamStateMachine.Tests.Jobs.Figures;

/// <summary>What is told when another node leads or reads.</summary>
[TestFixture]
internal sealed class MoveWatchTests
{
    private static readonly Job Watched = JobOf();

    [Test]
    public void TheFirstLookTellsNothing()
    {
        var watch = new MoveWatch();
        Assert.That(watch.See(Watched, At(holder: 2), new(1)), Is.Null);
        Assert.That(watch.See(Watched, At(holder: 2), new(1)), Is.Null);
    }

    [Test]
    public void AnotherLeaderIsToldOnceAlsoBehindAnElection()
    {
        var watch = new MoveWatch();
        watch.See(Watched, At(holder: 2), new(1));
        Assert.That(watch.See(Watched, At(holder: 2), NodeId.None), Is.Null);
        Assert.That(watch.See(Watched, At(holder: 2), new(3)), Is.EqualTo("Node 3 leads instead of node 1."));
        Assert.That(watch.See(Watched, At(holder: 2), new(3)), Is.Null);
    }

    [Test]
    public void AnotherReaderIsTold()
    {
        var watch = new MoveWatch();
        watch.See(Watched, At(holder: 2), new(1));
        Assert.That(watch.See(Watched, At(holder: 0), new(1)), Is.Null, "nobody reads it for the moment");
        Assert.That(watch.See(Watched, At(holder: 3), new(1)), Is.EqualTo("Node 3 reads a.log of logs instead of node 2."));
    }

    private static JobStatus At(int holder) => new(
        0, 0, 0, 0, 0, 0, -1, false, [new("logs", "a.log", new(1, default, long.MinValue, false, 0, 0, holder))], [], [], [], [], []);

    private static Job JobOf()
    {
        var builder = new StreamBuilder("watched");
        builder.Ingest("logs").KeyBy(static line => line).Count("counts");
        return builder.Build();
    }
}
