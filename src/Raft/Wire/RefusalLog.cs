using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace RaftStream.Raft.Wire;

/// <summary>Says why connections are refused, each reason at most every ten seconds: anyone who can dial could otherwise fill the disk with log lines. Any thread.</summary>
internal sealed class RefusalLog(NodeId node, TransportCounters counters, ILogger logger)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly (long Said, long Unsaid)[] _reasons = new (long, long)[byte.MaxValue + 1];

    /// <summary>Counts a refusal and says it, with what more is known of it, unless the same reason was given a moment ago.</summary>
    public void Note(HandshakeRefusal refusal, NodeId peer, string remote, string? detail = null)
    {
        counters.Refused();
        if (!IsDue((byte)refusal, out var unsaid))
            return;
        var reason = Handshake.Describe(refusal);
        if (detail is not null)
            reason = $"{reason}: {detail}";
        if (peer == NodeId.None)
            logger.RefusedUnknown(node, remote, reason, unsaid);
        else
            logger.Refused(node, remote, peer, reason, unsaid);
    }

    private bool IsDue(byte code, out long unsaid)
    {
        lock (_gate)
        {
            ref var reason = ref _reasons[code];
            unsaid = reason.Unsaid;
            if (reason.Said != 0 && Stopwatch.GetElapsedTime(reason.Said) < Quiet)
            {
                reason.Unsaid++;
                return false;
            }

            reason = (Stopwatch.GetTimestamp(), 0);
            return true;
        }
    }
}
