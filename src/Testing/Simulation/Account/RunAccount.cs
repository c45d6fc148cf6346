using System.Globalization;
using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// What happened in a run, for a reader: messages, elections, commits, crashes, in the order in which they happened. Kept only for runs that ask
/// for it, and of those the end.
/// </summary>
/// <remarks>Heartbeats that tell nothing new, and their answers, are left out: they would hide the rest.</remarks>
public sealed class RunAccount
{
    /// <summary>Lines kept at the most.</summary>
    private const int MaxLines = 2000;

    /// <summary>Frames under way at the most; what was sent before those is forgotten.</summary>
    private const int MaxUnderWay = 20_000;

    private readonly Queue<AccountLine> _lines = new();
    private readonly Dictionary<int, AccountLine> _underWay = [];
    private readonly Dictionary<(NodeId From, NodeId To), (Term Term, LogIndex Index)> _told = [];
    private readonly VirtualTime _time;
    private readonly EntryShape[] _shapes;

    internal RunAccount(VirtualTime time, EntryShape[] shapes) => (_time, _shapes) = (time, shapes);

    /// <summary>The last lines, oldest first, as a sequence diagram in plain text: one column a node.</summary>
    /// <param name="lines">How many lines at the most.</param>
    public string ToText(int lines) => AccountText.Draw(Last(lines));

    /// <summary>The last lines as a page of HTML that needs nothing else: a sequence diagram, with details on hover.</summary>
    /// <param name="lines">How many lines at the most.</param>
    /// <param name="title">What is shown, such as the seed and the promise that it breaks.</param>
    /// <param name="story">What else is to be told above the picture, a paragraph each.</param>
    public string ToHtml(int lines, string title, IReadOnlyList<string> story) => AccountHtml.Draw(Last(lines), title, story);

    internal void Sent(int number, NodeId from, NodeId to, ReadOnlySpan<byte> frame, string? fate)
    {
        var (label, matters) = Describe(from, to, frame);
        if (!matters)
            return;
        var line = new AccountLine(_time.Nanoseconds, from.Value, to.Value, label, _time.Nanoseconds, fate);
        if (fate is not null)
            Keep(line);
        else if (_underWay.Count < MaxUnderWay)
            _underWay[number] = line;
    }

    internal void Arrived(int number, bool isTaken)
    {
        if (_underWay.TryGetValue(number, out var line))
            Keep(line with { At = _time.Nanoseconds, Fate = isTaken ? null : "arrives nowhere" });
    }

    internal void Note(SimNode? node, string what) => Keep(new(_time.Nanoseconds, node?.Id.Value ?? 0, 0, what, _time.Nanoseconds, null));

    private AccountLine[] Last(int lines) => [.. _lines.Skip(Math.Max(0, _lines.Count - lines))];

    private void Keep(in AccountLine line)
    {
        if (_lines.Count == MaxLines)
            _lines.Dequeue();
        _lines.Enqueue(line);
    }

    private (string Label, bool Matters) Describe(NodeId from, NodeId to, ReadOnlySpan<byte> frame)
    {
        if (PeerFrame.IsForward(frame) && OutboxEntry.TryRead(frame[PeerFrame.ForwardHeaderSize..], out var entry))
            return (Text($"Forward command {entry.Place.Sequence} of epoch {entry.Place.Start}"), true);
        if (frame[0] != (byte)PeerFrameType.Message)
            return (PeerFrame.TryReadChunk(frame, out var chunk) ? Text($"{(PeerFrameType)frame[0]} {chunk.Chunk} of snapshot {chunk.Snapshot}") : "a piece", true);
        if (!PeerFrame.TryReadMessage(frame, from, to, _shapes, out var message))
            return ("unreadable", true);
        var head = Text($"{message.Kind} term {message.Term}");
        return message.Kind switch
        {
            MessageKind.Append => (
                Text($"{head}: {message.Count} entries behind {message.Position}, commit {message.Commit}"),
                message.Count > 0 | IsNews(from, to, message.Term, message.Commit)),
            MessageKind.AppendReply when message.Accepted => (Text($"{head}: holds up to {message.Position.Index}"), IsNews(from, to, message.Term, message.Position.Index)),
            MessageKind.AppendReply => (Text($"{head}: no; try {message.Position}"), true),
            MessageKind.Vote or MessageKind.PreVote => (Text($"{head}: my log ends at {message.Position}{(message.ByTransfer ? ", by transfer" : "")}"), true),
            MessageKind.VoteReply or MessageKind.PreVoteReply => (Text($"{head}: {(message.Accepted ? "yes" : "no")}"), true),
            MessageKind.ReadIndexReply => (Text($"{head}: {(message.Accepted ? Text($"see {message.Position.Index}") : "no")}"), true),
            MessageKind.SnapshotOffer => (Text($"{head}: fetch snapshot {message.Position}"), true),
            _ => (head, true),
        };
    }

    private bool IsNews(NodeId from, NodeId to, Term term, LogIndex index)
    {
        var before = _told.GetValueOrDefault((from, to));
        _told[(from, to)] = (term, index);
        return before != (term, index);
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One line of an account: a message, or something that happened at a node (0: to all) where <paramref name="To"/> is 0. Times in nanoseconds.</summary>
internal readonly record struct AccountLine(long At, int From, int To, string What, long SentAt, string? Fate)
{
    public bool IsMessage => To != 0;
}
