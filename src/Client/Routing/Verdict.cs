using RaftStream.Client.Protocol;

namespace RaftStream.Client.Routing;

/// <summary>Who serves a request, and what may be done again.</summary>
internal enum CallKind : byte
{
    /// <summary>By the leader; once, since a second time could count twice.</summary>
    Write = 0,

    /// <summary>By the leader; again and again under its number, or without harm.</summary>
    RepeatableWrite = 1,

    /// <summary>By the leader; it changes nothing.</summary>
    LeaderRead = 2,

    /// <summary>By any node that can; it changes nothing.</summary>
    NearRead = 3,

    /// <summary>By any node that can, into its outbox; once, since a second time could count twice.</summary>
    NearWrite = 4,

    /// <summary>By any node, which passes on what only the leader can do; again and again under its numbers.</summary>
    NearRepeatableWrite = 5,
}

/// <summary>What to do with an answer.</summary>
internal enum Verdict : byte
{
    /// <summary>It is for the caller.</summary>
    Final = 0,

    /// <summary>The node is not the one to ask: ask who leads.</summary>
    OtherNode = 1,

    /// <summary>The node is the right one, but not at this moment.</summary>
    Later = 2,
}

/// <summary>Judges answers.</summary>
internal static class Verdicts
{
    /// <summary>Whether any node may serve it, so that the nearest one is asked.</summary>
    public static bool IsNear(this CallKind kind) => kind is CallKind.NearRead or CallKind.NearWrite or CallKind.NearRepeatableWrite;

    /// <summary>
    /// [safety] Of a write without a session only a certain refusal leads to another attempt: of an unknown one the caller is told. An outbox remembers no client: the same write in
    /// two of them counts twice. Everything else may be asked again, since it changes nothing or is applied once.
    /// </summary>
    public static Verdict Of(in AnswerMessage answer, CallKind kind)
    {
        if (answer.Outcome is ClientOutcome.Applied or ClientOutcome.Provisional or ClientOutcome.Accepted or ClientOutcome.Lost)
            return Verdict.Final;
        if (kind is CallKind.Write or CallKind.NearWrite && answer.Outcome == ClientOutcome.Unknown)
            return Verdict.Final;
        if (kind == CallKind.NearWrite)
            return IsOfOneNode(answer.Refusal) ? Verdict.OtherNode : Verdict.Final;
        return answer.Refusal switch
        {
            ClientRefusal.NotLeader or ClientRefusal.NoLeader or ClientRefusal.LostLeadership or ClientRefusal.Stopped or ClientRefusal.NotMember
                or ClientRefusal.Starting or ClientRefusal.Disconnected or ClientRefusal.Transferring => Verdict.OtherNode,
            ClientRefusal.TimedOut => kind == CallKind.Write ? Verdict.Final : Verdict.OtherNode,
            ClientRefusal.TooStale => kind == CallKind.NearRead ? Verdict.OtherNode : Verdict.Later,
            ClientRefusal.NotReady or ClientRefusal.NoLease or ClientRefusal.Overloaded or ClientRefusal.SessionWindowFull or ClientRefusal.SessionTableFull
                or ClientRefusal.JobNotBegun or ClientRefusal.JobBusy or ClientRefusal.SinkFull => Verdict.Later,
            _ => Verdict.Final,
        };
    }

    /// <summary>Whether a node that does not take a write into its outbox says nothing of what others would do.</summary>
    private static bool IsOfOneNode(ClientRefusal refusal) => refusal is ClientRefusal.OutboxFull or ClientRefusal.StorageFull or ClientRefusal.Overloaded or ClientRefusal.Stopped
        or ClientRefusal.NotMember or ClientRefusal.Starting or ClientRefusal.Disconnected;
}
