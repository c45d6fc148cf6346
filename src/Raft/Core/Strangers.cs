namespace RaftStream.Raft.Core;

/// <summary>
/// Keeps away who is none of us: a member that comes with another data folder than it joined with, and one that was removed. Each is
/// told, so that it stops with a sentence instead of asking for votes for ever (dissertation 4.2.3).
/// </summary>
/// <remarks>
/// [safety] A member whose disk was wiped under its old id has forgotten its votes and acknowledgements: were its new ones counted, two majorities of
/// one term need not share a node that remembers. So nothing of its is looked at, by anybody who knows with which folder it joined.
/// Otherwise requests are answered whoever asks: a node cannot know of members that its log does not tell of yet (dissertation 4.1).
/// </remarks>
internal sealed class Strangers(NodeId self, ulong disk, Membership membership, CommitRule commit)
{
    /// <summary>
    /// Whether this node was removed, as its own committed log tells: a leader that removed itself hears it from nobody else. One that waits to be
    /// added has an id above every one that its log knows.
    /// </summary>
    public bool IsSelfGone => membership.Self < 0 && self <= membership.Current.Highest && membership.Index <= commit.Commit;

    /// <summary>Whether the message may be looked at. Otherwise it was answered, where it should be, or says that this node must stop.</summary>
    public bool Answer(in Message message, Term term, CoreOutput output, out CoreFault fault)
    {
        fault = CoreFault.None;
        if (message.Kind == MessageKind.Stranger)
        {
            fault = Judge(message);
            return false;
        }

        var member = membership.Current.Find(message.From);
        var isOtherDisk = member is not null && member.Disk != 0 && member.Disk != message.Disk;
        var isRemoved = member is null && message.Kind is MessageKind.PreVote or MessageKind.Vote
            && membership.Index <= commit.Commit && message.From <= membership.Current.Highest;
        if (!isOtherDisk && !isRemoved)
            return true;
        output.Send(
            new() { Kind = MessageKind.Stranger, From = self, To = message.From, Term = term, Position = new(membership.Index, Term.Zero), Accepted = isRemoved, Clock = default, Life = message.Disk },
            0);
        return false;
    }

    /// <summary>Only somebody of our own configuration can say so, and only of what we are now.</summary>
    private CoreFault Judge(in Message message)
    {
        if (message.Life != disk || membership.Current.Find(message.From) is null && membership.Current.Count > 0)
            return CoreFault.None;
        if (!message.Accepted)
            return CoreFault.OtherDisk;
        return message.Position.Index > membership.Index ? CoreFault.Removed : CoreFault.None;
    }
}
