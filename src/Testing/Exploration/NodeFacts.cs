using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>A log in 128 bits, a byte an entry: its term and its kind.</summary>
/// <param name="Bits">The entries, the first in the lowest byte; zero behind the last.</param>
/// <param name="Length">How many.</param>
internal readonly record struct PackedLog(UInt128 Bits, int Length)
{
    /// <summary>Adds an entry behind the last.</summary>
    public PackedLog With(EntryShape entry) => new(Bits | ((UInt128)((uint)(entry.Term.Value << 3) | (uint)entry.Kind) << (8 * Length)), Length + 1);

    /// <summary>How many entries from the first on are the same in both.</summary>
    public int CommonWith(PackedLog other)
    {
        var length = Math.Min(Length, other.Length);
        return Math.Min(length, (int)UInt128.TrailingZeroCount(Bits ^ other.Bits) / 8);
    }

    /// <summary>The first entries.</summary>
    public PackedLog First(int length) => length >= Length ? this : new(Bits & ((UInt128.One << (8 * length)) - 1), length);

    /// <summary>The term of the entry at an index from 1 on.</summary>
    public int TermAt(int index) => (byte)(Bits >> (8 * (index - 1))) >> 3;

    /// <summary>Whether an entry of one place and term has one past in both logs (dissertation figure 3.2, Log Matching).</summary>
    public bool Matches(PackedLog other)
    {
        for (var index = CommonWith(other) + 1; index <= Math.Min(Length, other.Length); index++)
        {
            if (TermAt(index) == other.TermAt(index))
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var log = this;
        return $"[{string.Join(' ', Enumerable.Range(1, Length).Select(index => $"{index}@{log.TermAt(index)}"))}]";
    }
}

/// <summary>What the checks and the search must know of a node's state.</summary>
internal sealed record NodeFacts
{
    public required int Node { get; init; }

    public required int Term { get; init; }

    /// <summary>The term on its disk.</summary>
    public required int DurableTerm { get; init; }

    /// <summary>The vote on its disk.</summary>
    public required int DurableVote { get; init; }

    public required Role Role { get; init; }

    public required int Commit { get; init; }

    public required PackedLog Log { get; init; }

    /// <summary>The log on its disk.</summary>
    public required PackedLog Durable { get; init; }

    /// <summary>The members in force.</summary>
    public required Configuration Members { get; init; }

    /// <summary>What a leader knows its peers to hold, by node; empty for others.</summary>
    public required int[] Matches { get; init; }

    /// <summary>Whether a write is under way.</summary>
    public required bool HasWrites { get; init; }

    /// <summary>Crashes that may still come.</summary>
    public required int CrashesLeft { get; init; }

    /// <summary>Whether it stopped because it was removed.</summary>
    public required bool IsHalted { get; init; }

    /// <summary>
    /// Whether a message to this node can change nothing any more, whatever happens, and no answer to it tells anything but a term. Such a message is
    /// still delivered, but two states that differ only in such messages count as one.
    /// </summary>
    /// <remarks>
    /// The durable term is what a crash leaves, so no message of an earlier one will ever count. A node stands and leads in a term at most once in all
    /// its lives, since it votes for itself only once: answers to a candidacy or a leadership that is over are over, too. A vote on disk is given.
    /// A leader asks for nothing below what it knows a peer to hold, and that never goes back: answers about less are too late.
    /// </remarks>
    public bool IsDead(in Message message)
    {
        var term = (int)message.Term.Value;
        if (IsHalted || term < DurableTerm)
            return true;
        if (term > DurableTerm)
            return false;
        return message.Kind switch
        {
            MessageKind.VoteReply => Role != Role.Candidate || Term != term,
            MessageKind.AppendReply => Role is not (Role.Candidate or Role.Leader) || Term != term
                || (Role == Role.Leader && (message.Accepted ? message.Position.Index.Value : message.Match.Value) < Matches[message.From.Value]),
            MessageKind.Vote => DurableVote != 0 && DurableVote != message.From.Value,
            _ => false,
        };
    }
}
