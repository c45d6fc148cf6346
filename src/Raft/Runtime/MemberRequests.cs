using RaftStream.Raft.Core;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Callers who want the members changed or leadership handed over, each answered when it is done or certainly not. Owned by the consensus agent.
/// </summary>
/// <remarks>
/// A change is done when the configuration that it led to is committed and not joint any more: only then may the next one come. One of a
/// later term is not its doing: the change may be lost, and the configuration that is in force an older one.
/// </remarks>
internal sealed class MemberRequests(RaftCore core)
{
    private ClientRequest? _change;
    private ClientRequest? _transfer;
    private LogPosition _changed;

    /// <summary>Takes a request. True: the core was asked, and its output must be drained.</summary>
    public bool Take(ClientRequest request, Instant now)
    {
        var isChange = request.Kind == RequestKind.Change;
        if ((isChange ? _change : _transfer) is not null)
        {
            request.Refuse(isChange ? Refusal.ChangeUnderWay : Refusal.Transferring);
            return false;
        }

        var refusal = isChange ? core.Change(now, request.Change!) : core.Transfer(now, request.Target);
        if (refusal != Refusal.None)
            request.Refuse(refusal);
        else if (isChange)
            (_change, _changed) = (request, new(core.Membership.Index, core.Term));
        else
            _transfer = request;
        return true;
    }

    /// <summary>Answers what is decided.</summary>
    public void Poll()
    {
        if (_change is not null && IsDone())
            Answer(ref _change, new(Outcome.Applied, Refusal.None, new(core.Membership.Index, _changed.Term), default));
        else if (core.Role != Role.Leader || core.Term != _changed.Term)
            Answer(ref _change, new(Outcome.Unknown, Refusal.LostLeadership, default, default));

        if (_transfer is not null && core.Role != Role.Leader && core.Leader != NodeId.None)
            Answer(ref _transfer, new(Outcome.Applied, Refusal.None, default, default));
        else if (_transfer is not null && core.Role == Role.Leader && core.TransferTarget == NodeId.None)
            Answer(ref _transfer, new(Outcome.Rejected, Refusal.TimedOut, default, default));
    }

    /// <summary>The replica stops.</summary>
    public void Stop()
    {
        Answer(ref _change, new(Outcome.Unknown, Refusal.Stopped, default, default));
        Answer(ref _transfer, new(Outcome.Unknown, Refusal.Stopped, default, default));
    }

    private bool IsDone()
    {
        var index = core.Membership.Index;
        return index >= _changed.Index && index <= core.Commit && !core.Membership.Current.IsJoint
            && index >= core.Log.Base.Index && core.Log.TermAt(index) == _changed.Term;
    }

    private static void Answer(ref ClientRequest? request, in Answer answer)
    {
        request?.Complete(answer);
        request = null;
    }
}
