using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>Replicas that take snapshots, crash, start and fetch snapshots at different places of one log have the same files, and those that the records say.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FileSinkReplicasTests
{
    [Test]
    public void Replicas_with_different_histories_end_with_the_same_files([Range(1, 40)] int seed)
    {
        var random = new Random(seed);
        var keep = random.Next(1, 5);
        var job = SinkJob.Build(keep);
        using var disk = new SinkDisk();
        var source = new JobHarness(job, disk.Disk);
        var records = new List<string>();
        for (var i = 0; i < 60; i++)
        {
            var batch = Enumerable.Range(0, random.Next(1, 6)).Select(_ => $"{(random.Next(5) == 0 ? "poison" : "k")}{random.Next(4)}/{random.Next(10, 20_000)}").ToArray();
            records.AddRange(batch);
            source.Push(batch);
        }

        var expected = SinkJob.Expect(records, keep);
        Assert.That(disk.Files, Is.EqualTo(expected));
        using SinkReplica one = new(job), other = new(job);
        Run(source, [one, other], random);
        Assert.That(one.Disk.Files, Is.EqualTo(expected));
        Assert.That(other.Disk.Files, Is.EqualTo(expected));
        Assert.That(one.Snapshot(), Is.EqualTo(source.Snapshot()), "equal states give equal bytes, whatever their history");
        Assert.That(other.Snapshot(), Is.EqualTo(source.Snapshot()));
    }

    private static void Run(JobHarness source, SinkReplica[] replicas, Random random)
    {
        (byte[] Bytes, int Applied)? snapshot = null;
        while (Array.Exists(replicas, replica => replica.Applied < source.Commands.Count))
        {
            var replica = replicas[random.Next(replicas.Length)];
            switch (random.Next(20))
            {
                case 0:
                    snapshot = (replica.Snapshot(), replica.Applied);
                    break;
                case 1 when random.Next(2) == 0:
                    replica.Restart(snapshot?.Bytes, snapshot?.Applied ?? 0);
                    break;
                case 2 when snapshot?.Applied > replica.Applied:
                    replica.Restore(snapshot.Value.Bytes, snapshot.Value.Applied);
                    break;
                default:
                    if (replica.Applied < source.Commands.Count)
                        replica.Apply(source.Commands[replica.Applied]);
                    break;
            }
        }
    }
}
