namespace RaftStream.Raft.Core;

/// <summary>The follower's side of log replication: takes appends and snapshots (dissertation 3.5 and 5.3).</summary>
/// <remarks>
/// Kept true: nothing at or below the commit index is ever dropped; an append that tells nothing new drops nothing (late and
/// repeated ones included); an acknowledgement names the last entry that its message proved to match, never our own last one, and
/// leaves only after that entry's sync.
/// </remarks>
internal sealed class FollowerLog(NodeId self, LogShape log, CommitRule commit, PendingWrites writes, Membership membership, Freshness freshness)
{
    /// <summary>
    /// Whether the disk is full: entries that would lengthen the log get no answer, as if they had not arrived, until space returns. Counter-example
    /// with an answer: the leader, told that the logs meet, sends its whole window; the second append of it is refused, so it probes; the
    /// probe is acknowledged, so it sends its window again, and so on without a pause.
    /// </summary>
    public bool IsFull { get; set; }

    /// <summary>Takes an append of the current leader.</summary>
    public CoreFault OnAppend(
        in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations, Instant now, Election election, CoreOutput output)
    {
        // Only ever what we acknowledged ourselves in this term or had on disk before it: if it is gone, so may be a vote.
        if (message.Match > log.Last.Index)
            return CoreFault.AcknowledgedEntriesLost;

        freshness.Hear(message, now);
        var previous = message.Position;
        var isDropped = IsFull && previous.Index + entries.Length > log.Last.Index;
        if (isDropped)
        {
            entries = [];
            configurations = [];
        }

        var matched = previous.Index + entries.Length;
        if (previous.Index < commit.Commit)
        {
            // Committed entries are the same everywhere, compacted ones included: nothing to compare, nothing to conflict.
            var known = (int)Math.Min(entries.Length, commit.Commit - previous.Index);
            previous = log.At(commit.Commit);
            configurations = configurations[CountConfigurations(entries[..known])..];
            entries = entries[known..];
        }
        else if (!log.Holds(previous))
        {
            Refuse(message, election, output);
            return CoreFault.None;
        }

        if (!TryTake(previous.Index, entries, configurations, output))
            return CoreFault.ContradictsCommitted;
        commit.ByFollower(message.Commit, matched);

        // No word about what was dropped: an answer that takes nothing in would be answered at once by the same entries again, without end.
        if (!isDropped)
            Acknowledge(message, matched, now, election, output);
        return CoreFault.None;
    }

    /// <summary>The leader no longer has the entries that it thinks we need. Where our log holds the snapshot's last entry, nothing is to fetch.</summary>
    public void OnOffer(in Message message, Instant now, Election election, CoreOutput output)
    {
        if (message.Position.Index > commit.Commit && !log.Holds(message.Position))
        {
            output.FetchSnapshot(message.Position, message.From);
            return;
        }

        commit.BySnapshot(message.Position.Index);
        Acknowledge(message, message.Position.Index, now, election, output);
    }

    /// <summary>
    /// A whole snapshot was received and can be installed. Where our log holds its last entry, the log is as good, and stays. Otherwise
    /// all of it goes, a longer conflicting tail included. False: it tells nothing new, or contradicts itself.
    /// </summary>
    public bool OnSnapshot(LogPosition position, PlacedConfiguration configuration, CoreOutput output)
    {
        if (position.Index <= commit.Commit || configuration.Index > position.Index)
            return false;
        if (!log.Holds(position))
        {
            log.Reset(position);
            writes.Truncated(LogIndex.Zero);
            membership.Recover(configuration.Index, configuration.Configuration);
            output.InstallSnapshot(position);
            output.SequenceOf(writes);
        }

        commit.BySnapshot(position.Index);
        return true;
    }

    /// <summary>Says that our log matches the leader's up to <paramref name="matched"/>, once that is on disk.</summary>
    public void Acknowledge(in Message message, LogIndex matched, Instant now, Election election, CoreOutput output)
    {
        var covering = writes.SequenceCovering(matched);
        var after = Math.Max(covering >= 0 ? covering : output.SequenceOf(writes), election.PendingSequence(writes));
        output.Send(
            new()
            {
                Kind = MessageKind.AppendReply,
                From = self,
                To = message.From,
                Term = election.Term,
                Position = new(matched, Term.Zero),
                Round = message.Round,
                Accepted = true,
                Clock = now,
                Life = freshness.Life,
            },
            after);
    }

    /// <summary>Skips what we hold, drops what contradicts it, appends the rest. False: it contradicts what is committed.</summary>
    private bool TryTake(LogIndex previous, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations, CoreOutput output)
    {
        var index = previous.Next;
        var place = 0;
        for (; place < entries.Length && index <= log.Last.Index; place++, index = index.Next)
        {
            if (log.TermAt(index) != entries[place].Term)
                break;
        }

        if (place == entries.Length)
            return true;
        if (entries[place].Term < log.TermAt(index.Previous))
            return false;
        if (index <= log.Last.Index)
        {
            if (index <= commit.Commit)
                return false;
            log.TruncateFrom(index);
            writes.Truncated(index.Previous);
            membership.TruncateFrom(index);
            output.Truncate(index);
        }

        output.Append(index, entries.Length - place);
        output.SequenceOf(writes);
        configurations = configurations[CountConfigurations(entries[..place])..];
        foreach (var entry in entries[place..])
        {
            log.Append(entry);
            if (entry.Kind != EntryKind.Configuration)
                continue;
            membership.Append(log.Last.Index, configurations[0]);
            configurations = configurations[1..];
        }

        return true;
    }

    private static int CountConfigurations(ReadOnlySpan<EntryShape> entries)
    {
        var count = 0;
        foreach (var entry in entries)
            count += entry.Kind == EntryKind.Configuration ? 1 : 0;
        return count;
    }

    private void Refuse(in Message message, Election election, CoreOutput output) =>
        output.Send(
            new()
            {
                Kind = MessageKind.AppendReply,
                From = self,
                To = message.From,
                Term = election.Term,
                Position = log.LastNotAbove(message.Position),
                Match = message.Position.Index,
                Round = message.Round,
            },
            election.PendingSequence(writes));
}
