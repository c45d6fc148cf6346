using System.Collections.Concurrent;
using RaftStream.StreamStateMachine.Tests.Jobs;

namespace RaftStream.StreamStateMachine.Tests.Sinks;

/// <summary>Files that are written, begun and deleted by one thread while another writes views of them: the real races, not a model of them.</summary>
internal sealed class FileSinkThreadsTests
{
    private const int Captures = 40;

    [Test]
    public void Views_written_by_another_thread_hold_the_files_of_their_moment()
    {
        var job = SinkJob.Build(keep: 3);
        using SinkDisk disk = new(), copy = new();
        var source = new JobHarness(job, disk.Disk);
        using var views = new BlockingCollection<(ISnapshotView View, IReadOnlyList<(string, string)> Files, ulong Hash)>(2);
        var failures = new ConcurrentQueue<string>();
        var whole = 0;
        var writer = new Thread(() =>
        {
            foreach (var (view, files, hash) in views.GetConsumingEnumerable())
            {
                try
                {
                    var machine = new StreamMachine([job], files: copy.Disk);
                    machine.Restore(new JobHarness.SnapshotBytes(SinkReplica.Write(view), new(new(1), new(1))));
                    if (machine.StateHash != hash || !copy.Files.SequenceEqual(files))
                        failures.Enqueue("another state than that of its moment");
                    whole++;
                }
                catch (Exception failure)
                {
                    failures.Enqueue(failure.ToString());
                }
            }
        });
        writer.Start();
        var random = new Random(1);
        source.Push("first");
        for (var i = 0; i < Captures; i++)
        {
            views.Add((source.Machine.Capture(), disk.Files, source.Machine.StateHash));
            for (var step = 0; step < 30; step++)
                source.Push($"k{random.Next(9)}/{random.Next(10, 12_000)}", "poison/700");
        }

        views.CompleteAdding();
        writer.Join();
        Assert.That(failures, Is.Empty);
        Assert.That(whole, Is.EqualTo(Captures));
        Assert.That(disk.Names[0], Is.GreaterThan(SinkJob.NameOf(20)), "files were deleted under the views");
    }
}
