namespace RaftStream.Client.Connections;

/// <summary>What the client's own refusals mean, one sentence each. Those of nodes come with the answer.</summary>
internal static class ClientSentences
{
    /// <summary>The sentence.</summary>
    public static string Of(ClientRefusal refusal) => refusal switch
    {
        ClientRefusal.TimedOut => "No answer came in time.",
        ClientRefusal.Disconnected => "The connection to the node ended before the answer came.",
        ClientRefusal.NoNode => "No node could be asked in time: none can be reached, or none leads.",
        ClientRefusal.RetryBudgetExhausted => "The budget for repetitions is used up, so the request was not sent again: the cluster is in trouble, try later.",
        ClientRefusal.Cancelled => "The caller gave up.",
        ClientRefusal.Disposed => "The client was disposed.",
        ClientRefusal.Overloaded => "As many requests as the connection takes are under way; this one was not sent.",
        _ => "The node refused it.",
    };
}
