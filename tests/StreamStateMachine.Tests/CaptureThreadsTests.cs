using System.Buffers;
using System.Collections.Concurrent;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A store that is applied to by one thread while others write, leave and dispose its views: the real races, not a model of them.</summary>
[TestFixture]
public sealed class CaptureThreadsTests
{
    private const int Captures = 150;
    private const int StepsBetween = 400;

    [Test]
    public void Views_written_by_another_thread_hold_their_moment_while_the_store_goes_on()
    {
        var store = new StoreHarness();
        var commands = new RandomCommands(new Random(1), 4_000, withBytes: true);
        for (var i = 0; i < 30_000; i++)
            store.Add($"filler {i}", i);
        using var views = new BlockingCollection<(ISnapshotView View, ulong Hash, int Number)>(3);
        var failures = new ConcurrentQueue<string>();
        var whole = 0;
        var disk = new Thread(() =>
        {
            foreach (var (view, hash, number) in views.GetConsumingEnumerable())
            {
                if (Verify(view, hash, number, failures))
                    whole++;
            }
        });
        disk.Start();
        for (var number = 0; number < Captures; number++)
        {
            var view = store.Store.Capture();
            views.Add((view, store.Hash, number));
            for (var step = 0; step < StepsBetween; step++)
            {
                store.Apply(commands.Next());
                if (step == StepsBetween / 2 && number % 5 == 0)
                    view.Dispose(); // Whether the other thread waits for it, is in the middle of it or done with it.
            }
        }

        views.CompleteAdding();
        disk.Join();
        Assert.That(failures, Is.Empty);
        Assert.That(whole, Is.GreaterThanOrEqualTo(Captures * 4 / 5), "all that were not disposed on the way");
    }

    [Test]
    public void A_view_may_be_disposed_by_any_thread_in_the_middle_of_a_piece()
    {
        var store = new StoreHarness();
        for (var i = 0; i < 20_000; i++)
            store.Add($"key {i}", i);
        for (var round = 0; round < 200; round++)
        {
            var expected = store.Hash;
            var view = store.Store.Capture();
            using var started = new ManualResetEventSlim();
            var failures = new ConcurrentQueue<string>();
            var disk = new Thread(() =>
            {
                started.Set();
                Verify(view, expected, 0, failures);
            });
            disk.Start();
            started.Wait();
            for (var i = 0; i < round * 3; i++)
                store.Add($"key {i * 97 % 20_000}", 1);
            view.Dispose();
            for (var i = 0; i < 300; i++)
                store.Add($"key {i * 61 % 20_000}", 1); // Written in place from here on, once no piece is under way.
            disk.Join();
            Assert.That(failures, Is.Empty, $"round {round}");
        }
    }

    /// <summary>Writes a view to its end and restores it. True: it was whole. One disposed on the way ends with the exception that says so.</summary>
    private static bool Verify(ISnapshotView view, ulong hash, int number, ConcurrentQueue<string> failures)
    {
        var bytes = new ArrayBufferWriter<byte>();
        try
        {
            while (view.WriteNext(bytes))
                continue;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (Exception failure)
        {
            failures.Enqueue($"view {number}: {failure}");
            return false;
        }

        view.Dispose();
        var copy = new StoreHarness();
        try
        {
            copy.Restore(bytes.WrittenSpan.ToArray());
        }
        catch (InvalidDataException damage)
        {
            failures.Enqueue($"view {number}: {damage.Message}");
            return false;
        }

        if (copy.Hash != hash)
            failures.Enqueue($"view {number}: another state than that of its moment");
        return true;
    }
}
