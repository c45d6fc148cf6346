using RaftStream.Raft.Log;

namespace RaftStream.Testing;

/// <summary>
/// Faults that no promise is made for, since no Raft survives them: monotonic clocks that jump, a disk put back to an older copy, a log that ends one
/// durable batch too early and shows no trace of it. There a checker must show what breaks, or it would not show it elsewhere.
/// </summary>
/// <remarks>
/// Disks are those of fewer than half of the voters: one that has forgotten what it promised is enough.
/// Clocks whose rate is further off than leases allow are drawn with the machine: see <see cref="SimNode"/>.
/// </remarks>
internal sealed class BeyondFaults(Simulation simulation, SimRandom random, Func<SimNode, bool> canSpare)
{
    private readonly Dictionary<NodeId, SimDisk> _copies = [];

    /// <summary>Something happens to a node that must not; <paramref name="restartLater"/> starts it again where it had to die for it.</summary>
    public void Act(SimNode node, Action<SimNode> restartLater)
    {
        var choice = random.NextUnit();
        if (choice < 0.4)
            JumpClock(node);
        else if (choice < 0.7)
            CopyOrPutBack(node, restartLater);
        else
            CutBatch(node, restartLater);
    }

    private bool IsLeftOut(SimulationPart part) => (simulation.Options.Without & part) != SimulationPart.None;

    private void JumpClock(SimNode node)
    {
        var by = random.Between(-2_000_000_000, 2_000_000_000);
        if (IsLeftOut(SimulationPart.ClockJump))
            return;
        simulation.Happened("monotonic clock jumped", node);
        node.Clock.Jump(by);
    }

    /// <summary>Somebody keeps a copy of a disk, and puts it back some time later, as with a virtual machine's snapshot.</summary>
    private void CopyOrPutBack(SimNode node, Action<SimNode> restartLater)
    {
        if (IsLeftOut(SimulationPart.OldDisk) || !canSpare(node))
            return;
        if (!_copies.Remove(node.Id, out var copy))
        {
            _copies.Add(node.Id, node.Disk.Inner.Clone(random.Fork()));
            return;
        }

        simulation.Happened("disk put back to an older copy", node);
        node.PutDiskBack(copy);
        restartLater(node);
    }

    /// <summary>
    /// The last durable batch of a log is blank again. Had a byte of it been left, or a later batch, the node would know that its disk is damaged.
    /// </summary>
    private void CutBatch(SimNode node, Action<SimNode> restartLater)
    {
        if (IsLeftOut(SimulationPart.BatchCut) || !canSpare(node))
            return;
        node.DamageDisk(static disk =>
        {
            if (LastBatch(disk) is not { } last)
                return;
            using var file = disk.Open(last.Name);
            file.Write(last.Offset, new byte[last.Length]);
            file.SyncData();
        });
        simulation.Happened("log cut at a batch's boundary", node);
        restartLater(node);
    }

    /// <summary>Where the newest batch of a disk's log stands.</summary>
    private static (string Name, int Offset, int Length)? LastBatch(SimDisk disk)
    {
        (string Name, int Offset, int Length)? last = null;
        long newest = -1;
        foreach (var name in disk.List())
        {
            using var file = disk.Open(name);
            var bytes = new byte[file.Length];
            file.Read(0, bytes);
            if (SegmentHeader.Read(bytes, out var header) != HeaderState.Valid || header.Number <= newest)
                continue;
            for (var offset = SegmentHeader.Size; BatchHeader.TryRead(bytes.AsSpan(offset), header.Salt, header.Number, out var batch); offset += BatchHeader.Size + batch.Length)
                (last, newest) = ((name, offset, BatchHeader.Size + batch.Length), header.Number);
        }

        return last;
    }
}
