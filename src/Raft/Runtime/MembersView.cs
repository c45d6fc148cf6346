using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>The members as other threads may see them: made anew a few times a second, and when they change. Owned by the consensus thread.</summary>
internal sealed class MembersView(RaftCore core, CoreOptions options)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private IReadOnlyList<MemberStatus> _shown = [];
    private Configuration? _of;
    private Instant _nextAt;

    /// <summary>The members, at most a tenth of a second old.</summary>
    public IReadOnlyList<MemberStatus> At(Instant now)
    {
        var current = core.Membership.Current;
        if (ReferenceEquals(_of, current) && now < _nextAt)
            return _shown;
        (_of, _nextAt) = (current, now + Interval);
        return _shown = [.. current.Members.Select(member => Show(member, now))];
    }

    private MemberStatus Show(Member member, Instant now)
    {
        var role = member.IsVoter
            ? core.Membership.Current.IsJoint && !member.WasVoter ? MemberRole.Joining : MemberRole.Voter
            : member.WasVoter ? MemberRole.Leaving : MemberRole.Learner;
        if (member.Id == core.Self)
            return new(member.Id, member.Address, role, member.Priority, true, core.Durable, 0, 0);
        if (core.Role != Role.Leader)
            return new(member.Id, member.Address, role, member.Priority, member.Id == core.Leader, LogIndex.Zero, -1, 0);
        var progress = core.ProgressOf(member.Id);
        return new(
            member.Id,
            member.Address,
            role,
            member.Priority,
            now - progress.LastContact < options.ElectionTimeout,
            progress.Match,
            core.Log.BytesBetween(progress.Match, core.Log.Last.Index),
            progress.Intake.BytesPerSecond);
    }
}
