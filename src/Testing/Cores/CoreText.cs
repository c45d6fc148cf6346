using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>How accounts of what cores do spell messages, entries, writes and members.</summary>
internal static class CoreText
{
    /// <summary>One line a message: who to whom, what, in which term, and only the fields that its kind has.</summary>
    public static string Message(Envelope envelope)
    {
        var message = envelope.Message;
        var text = $"{message.From}->{message.To} {message.Kind} term={message.Term}";
        return message.Kind switch
        {
            MessageKind.PreVote or MessageKind.Vote => $"{text} last={message.Position} campaign={message.Round}",
            MessageKind.PreVoteReply or MessageKind.VoteReply => $"{text} {YesNo(message.Accepted)} campaign={message.Round}",
            MessageKind.Append => $"{text} prev={message.Position} entries={Entries(envelope)} commit={message.Commit} match={message.Match} round={message.Round}",
            MessageKind.AppendReply when message.Accepted => $"{text} yes match={message.Position.Index} round={message.Round}",
            MessageKind.AppendReply => $"{text} no hint={message.Position} refused={message.Match} round={message.Round}",
            MessageKind.SnapshotOffer => $"{text} snapshot={message.Position} round={message.Round}",
            MessageKind.ElectNow => text,
            MessageKind.ReadIndex => $"{text} question=..{message.Round % 1_000}",
            MessageKind.ReadIndexReply => $"{text} question=..{message.Round % 1_000} index={message.Position.Index}",
            MessageKind.Stranger => $"{text} {(message.Accepted ? "removed" : "other disk")} members={message.Position.Index}",
            _ => throw new InvalidOperationException($"{message.Kind} has no spelling."),
        };
    }

    /// <summary>
    /// Who the members are: voters, learners with a plus; in a joint configuration, the voters before and after the arrow. A question mark
    /// behind a member: its data folder is not known yet. A number behind a hat: its priority, if it is not the usual one.
    /// </summary>
    public static string Members(Configuration members)
    {
        var voters = string.Join(' ', members.Members.Where(static member => member.IsVoter).Select(Name));
        var before = string.Join(' ', members.Members.Where(static member => member.WasVoter).Select(Name));
        var learners = string.Concat(members.Members.Where(static member => member.IsLearner).Select(static member => $" +{Name(member)}"));
        return $"members({(members.IsJoint ? $"{before} -> {voters}" : voters)}{learners})";

        static string Name(Member member) =>
            $"{member.Id}{(member.Disk == 0 ? "?" : "")}{(member.Priority == Member.UsualPriority ? "" : $"^{member.Priority}")}";
    }

    /// <summary>The entries from one index to another, each as index@term:text.</summary>
    public static string Entries(DiskImage log, LogIndex first, LogIndex last)
    {
        var hidden = LogIndex.Min(log.Base.Index, last);
        var words = new List<string>();
        if (first <= hidden)
            words.Add($"..{hidden}");
        for (var index = LogIndex.Max(first, log.Base.Index.Next); index <= last; index = index.Next)
            words.Add(Entry(index, log.At(index)));
        return $"[{string.Join(' ', words)}]";
    }

    /// <summary>A write: what of hard state, snapshot and log it holds.</summary>
    public static string Write(DiskWrite write, CoreOutput output)
    {
        var text = $"#{write.Sequence}:";
        if (write.HardState is { } state)
            text += $" term={state.Term} vote={Name(state.Vote)}";
        if (write.Install != LogPosition.Zero)
            text += $" snapshot {write.Install} in place of the log";
        if (write.Entries.Length > 0)
            text += $" [{string.Join(' ', write.Entries.Select((entry, place) => Entry(write.AppendFirst + place, entry)))}]";
        if (output.TruncatedFrom != LogIndex.Zero)
            text += $" in place of {output.TruncatedFrom} and all behind it";
        return text;
    }

    /// <summary>Role, term, vote and leader.</summary>
    public static string Standing(RaftCore core) =>
        $"{core.Role.ToString().ToLowerInvariant()} term={core.Term} vote={Name(core.Vote)} leader={Name(core.Leader)}";

    private static string Entries(Envelope envelope) =>
        $"[{string.Join(' ', envelope.Entries.Select((entry, place) => Entry(envelope.Message.Position.Index + 1 + place, entry)))}]";

    /// <summary>An entry as index@term:text.</summary>
    public static string Entry(LogIndex index, EntryRecord entry) =>
        $"{index}@{entry.Shape.Term}" + (entry.Text.Length == 0 ? "" : $":{entry.Text}");

    private static string YesNo(bool accepted) => accepted ? "yes" : "no";

    /// <summary>A node's id, or a dash for nobody.</summary>
    public static string Name(NodeId id) => id == NodeId.None ? "-" : id.ToString();
}
