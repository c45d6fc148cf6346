using RaftStream.Raft.Log;

namespace RaftStream.Raft.Core;

/// <summary>Whether a message could have been said by a core at all. What could not is dropped: a broken peer must not break us.</summary>
internal static class MessageCheck
{
    /// <summary>
    /// No cluster gets there: at ten elections a second it would take 800,000 years. A term near the end of the numbers could not be
    /// followed by another one, and the sum of an index and a count must not turn negative.
    /// </summary>
    public const long LargestTerm = 1L << 48;

    /// <summary>The same for indexes: a million entries a second for 140,000 years.</summary>
    public const long LargestIndex = 1L << 62;

    /// <summary>Whether all fields are within what their kind allows, and each entry that is a configuration comes with one.</summary>
    public static bool IsSound(in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations)
    {
        if (message.Term < Term.Zero || message.Position.Index < LogIndex.Zero || message.Position.Term < Term.Zero
            || message.Disk == 0 || message.Echo < LogIndex.Zero || message.Commit < LogIndex.Zero || message.Match < LogIndex.Zero || message.Count != entries.Length)
        {
            return false;
        }

        if (message.Term.Value > LargestTerm || message.Position.Term.Value > LargestTerm || message.Position.Index.Value > LargestIndex || message.Clock.Nanoseconds < 0)
            return false;

        return message.Kind switch
        {
            MessageKind.Append => IsSoundAppend(message, entries, configurations),
            MessageKind.Vote => message.Term > message.Position.Term && IsPlace(message.Position) && entries.IsEmpty,
            MessageKind.PreVote => message.Term >= message.Position.Term && IsPlace(message.Position) && entries.IsEmpty,
            MessageKind.SnapshotOffer => message.Term >= message.Position.Term && IsPlace(message.Position) && message.Position.Index > LogIndex.Zero && entries.IsEmpty,
            MessageKind.PreVoteReply or MessageKind.VoteReply or MessageKind.AppendReply => entries.IsEmpty,
            MessageKind.ElectNow or MessageKind.ReadIndex or MessageKind.ReadIndexReply or MessageKind.Stranger => entries.IsEmpty,
            _ => false,
        };
    }

    /// <summary>Before the first entry there is no term, and every entry has one.</summary>
    private static bool IsPlace(LogPosition position) => (position.Index == LogIndex.Zero) == (position.Term == Term.Zero);

    private static bool IsSoundAppend(in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations)
    {
        var found = 0;
        var term = message.Position.Term;
        if (message.Term == Term.Zero || term > message.Term || !IsPlace(message.Position))
            return false;
        foreach (var entry in entries)
        {
            if (entry.Term < term || entry.Term > message.Term || entry.Term == Term.Zero)
                return false;
            if ((uint)entry.Length > LogRecord.MaxPayload || entry.Kind > EntryKind.Session)
                return false;
            if (entry.Kind == EntryKind.Configuration)
                found++;
            term = entry.Term;
        }

        return found == configurations.Length;
    }
}
