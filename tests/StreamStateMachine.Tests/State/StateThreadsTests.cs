using System.Buffers;
using System.Collections.Concurrent;

namespace RaftStream.StreamStateMachine.Tests;

/// <summary>A tree that one thread changes while another writes views of it: the real race, not a model of it.</summary>
[TestFixture]
internal sealed class StateThreadsTests
{
    private const int Views = 120;

    [Test]
    public void Views_written_by_another_thread_hold_their_moment_while_the_tree_changes([Values(KeyKind.AnyLength, KeyKind.Up, KeyKind.LongCommonPrefix)] KeyKind kind)
    {
        var captures = new Captures();
        var tree = new StateTree(captures);
        var random = new Random(7);
        var changes = new StateChanges(random, kind, 3_000, 2_500);
        for (var i = 0; i < 5_000; i++)
            tree.Put(changes.NextKey(), changes.NextValue());
        using var views = new BlockingCollection<(CaptureTicket Ticket, FrozenTree Frozen)>(2);
        var failures = new ConcurrentQueue<string>();
        var whole = 0;
        var reader = new Thread(() =>
        {
            foreach (var (ticket, frozen) in views.GetConsumingEnumerable())
            {
                if (Verify(ticket, frozen, failures))
                    whole++;
            }
        });
        reader.Start();
        for (var number = 0; number < Views; number++)
        {
            var ticket = captures.Begin();
            views.Add((ticket, tree.Freeze()));
            for (var step = 0; step < 500; step++)
            {
                if (step % 2 == 0)
                    tree.Remove(changes.OldKey());
                tree.Put(changes.NextKey(), changes.NextValue());
                if (step == 250 && number % 5 == 0)
                    ticket.Release(); // Whether the other thread waits for it, is in the middle of it or done with it.
            }
        }

        views.CompleteAdding();
        reader.Join();
        Assert.That(failures, Is.Empty);
        Assert.That(whole, Is.GreaterThanOrEqualTo(Views * 4 / 5), "all that were not released on the way");
        TreeWalk.AssertSound(tree, "at the end");
    }

    /// <summary>Writes a view to its end and reads it back. True: it was whole, and not released before.</summary>
    private static bool Verify(CaptureTicket ticket, FrozenTree frozen, ConcurrentQueue<string> failures)
    {
        using var snapshot = new StateSnapshot(frozen);
        var bytes = new ArrayBufferWriter<byte>();
        for (var goesOn = true; goesOn;)
        {
            if (!ticket.TryEnter())
                return false;
            goesOn = snapshot.WriteNext(bytes);
            ticket.Leave();
        }

        ticket.Release();
        try
        {
            StateSnapshotTests.Read(bytes.WrittenSpan.ToArray());
            return true;
        }
        catch (Exception failure)
        {
            failures.Enqueue(failure.ToString());
            return false;
        }
    }
}
