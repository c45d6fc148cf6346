using RaftStream.Client;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Http;

namespace RaftStream.Hosting.ClientPort;

/// <summary>Refusals as the binary protocol tells them: in words, with who leads. Any thread.</summary>
internal sealed class RefusalAnswers(RunningNode running)
{
    /// <summary>What the replica refuses.</summary>
    public AnswerMessage Of(in RequestMessage request, Outcome outcome, Refusal refusal) => Of(request, (ClientOutcome)outcome, refusal);

    /// <summary>The same with an outcome of the protocol's.</summary>
    public AnswerMessage Of(in RequestMessage request, ClientOutcome outcome, Refusal refusal)
    {
        var status = running.Node.Status;
        var sentence = (outcome, refusal) switch
        {
            (ClientOutcome.Unknown, Refusal.TimedOut) when !request.IsWrite => "It was not decided in time.",
            (ClientOutcome.Unknown, _) => "The answer was lost: it may be done or not, now or later.",
            (_, Refusal.StorageFull) when request.Concern == ClientWriteConcern.Available => "This node's disk is full; nothing was done, ask another one.",
            (_, Refusal.NotLeader) => status.Leader == NodeId.None ? "This node does not lead, and knows nobody who does." : $"This node does not lead: node {status.Leader} does.",
            _ => Problems.Sentence(refusal),
        };
        return Of(request, outcome, (ClientRefusal)refusal, sentence);
    }

    /// <summary>What this port refuses, with a sentence of its own.</summary>
    public AnswerMessage Of(in RequestMessage request, ClientOutcome outcome, ClientRefusal refusal, string sentence)
    {
        var leader = running.Node.Status.Leader;
        return AnswerMessage.Refused(request.Id, outcome, refusal, sentence) with { Leader = leader.Value, LeaderAddress = running.ClientPortOf(leader) };
    }
}
