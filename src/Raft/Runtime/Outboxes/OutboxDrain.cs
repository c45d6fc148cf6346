using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Takes what waits in the outbox to whoever leads, epoch by epoch and in order, until this node's own replica has applied it. Owned by the outbox agent.
/// </summary>
/// <remarks>
/// [safety] What became of a command is told by the log alone, as this replica applies it: there are no answers that could be lost, and none that could be believed too early. Whatever is
/// not seen there in time is sent again; the log runs it at most once (<see cref="OutboxTable"/>).
/// [safety] An epoch is forwarded only when the file of the one before is gone for good, name and all. Counter-example: were it forwarded before, and the power then cut, the old file would be
/// there again, and the log, which knows the later epoch, would refuse all that is in it: commands that were applied would be counted as lost.
/// The newest file stays even when all of it is in the log: it keeps the number of the last epoch.
/// </remarks>
internal sealed class OutboxDrain(IDisk disk, PendingCommands pending, OutboxBoard board, BoundedQueue<ClientRequest> requests, ulong seed)
{
    /// <summary>Commands on their way at the most.</summary>
    private const int MaxWindow = 64;

    /// <summary>How long a command may take before it is sent again, before what is added at random.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly Queue<OutboxFile> _epochs = new();
    private readonly Backoff _backoff = new(seed);
    private OutboxPlace _seen;
    private long _applied;
    private long _sent;
    private int _window = 1;
    private Instant _sendAgainAt;

    /// <summary>The number of the newest epoch; 0 without any.</summary>
    public long Newest { get; private set; }

    /// <summary>Whether the replica has applied something that was not looked at yet.</summary>
    public bool HasNews => board.Applied != _seen;

    /// <summary>When to look again though nothing happened.</summary>
    public Instant NextDeadline => pending.Count == 0 ? Instant.Never : _sendAgainAt;

    /// <summary>An epoch begins, or was found on disk; the one before it takes no more.</summary>
    public void Add(OutboxFile epoch)
    {
        _epochs.Enqueue(epoch);
        Newest = epoch.Start;
    }

    /// <summary>Goes on; returns how much was done.</summary>
    /// <exception cref="IOException">The disk failed.</exception>
    public int Poll(Instant now)
    {
        var before = pending.Count;
        Settle();
        if (pending.Count != before)
        {
            board.Pending = pending.View();
            _window = Math.Min(_window * 2, MaxWindow);
            _backoff.Reset();
            _sendAgainAt = now + Patience;
        }

        return before - pending.Count + Send(now);
    }

    /// <summary>Looks at what the replica has applied: commands that are in the log wait no longer, and files of which all are, are deleted.</summary>
    private void Settle()
    {
        _seen = board.Applied;
        while (_epochs.TryPeek(out var epoch))
        {
            var isOver = _seen.Start > epoch.Start || (_seen.Start == epoch.Start && _seen.Epoch != epoch.Epoch);
            if (isOver)
            {
                board.Lost.Add(epoch.Last - _applied);
                epoch.Seal();
            }

            // A file may end before what the log holds of it: a power cut took the end, which was read and forwarded but never accepted.
            var applied = isOver ? epoch.Last : _seen.Start == epoch.Start ? Math.Min(_seen.Sequence, epoch.Last) : 0;
            if (applied > _applied && !isOver)
                board.Drained.Add(applied - _applied);
            _applied = Math.Max(_applied, applied);
            pending.DropTo(epoch.Start, _applied);
            if (_applied < epoch.Last || !epoch.IsSealed || _epochs.Count == 1)
                break;
            disk.Delete(epoch.Name);
            disk.SyncFolder();
            _epochs.Dequeue();
            (_applied, _sent) = (0, 0);
        }
    }

    private int Send(Instant now)
    {
        if (pending.Count == 0 || !_epochs.TryPeek(out var epoch))
            return 0;
        if (now >= _sendAgainAt)
        {
            (_sent, _window) = (_applied, 1);
            _sendAgainAt = now + Patience + _backoff.Next();
        }

        var sent = 0;
        for (_sent = Math.Max(_sent, _applied); _sent < Math.Min(_applied + _window, epoch.Last); _sent++, sent++)
        {
            var entry = new OutboxEntry(board.Node, new(epoch.Start, epoch.Epoch, _sent + 1)).ToBytes(pending.CommandOf(epoch.Start, _sent + 1).Span);
            if (!requests.TryEnqueue(new ForwardRequest(entry)))
                break;
        }

        return sent;
    }
}
