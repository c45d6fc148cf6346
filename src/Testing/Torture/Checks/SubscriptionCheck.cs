namespace RaftStream.Testing;

/// <summary>Subscribers: each is told every output in its order, once, from where it goes on, at whichever node; and all are told the same, which is what the nodes have at last.</summary>
internal static class SubscriptionCheck
{
    /// <summary>Its name in reports.</summary>
    public const string Checker = "subscriptions";

    /// <summary>Checks the subscribers of a job.</summary>
    public static RunCheck Check(JobAccount account) => RunHistories.Timed(account.Job.Name, Checker, () => Find(account));

    private static (Verdict Verdict, string Detail) Find(JobAccount account)
    {
        var (told, elsewhere) = (0, 0);
        var full = account.Lists.GroupBy(static list => list.Sink, StringComparer.Ordinal).ToDictionary(static group => group.Key, static group => group.MaxBy(static list => list.Told.Count)!.Told, StringComparer.Ordinal);
        foreach (var list in account.Lists)
        {
            if (ProblemOf($"Node {list.Node} at last", list.Sink, 1, list.Told, full[list.Sink]) is { } problem)
                return (Verdict.Illegal, problem);
        }

        foreach (var subscriber in account.Subscribers)
        {
            var next = 1L;
            var node = 0;
            foreach (var stretch in subscriber.Stretches.Where(static stretch => stretch.Told.Count > 0))
            {
                if (ProblemOf($"A subscriber at node {stretch.Node}", subscriber.Sink, next, stretch.Told, full.GetValueOrDefault(subscriber.Sink) ?? []) is { } problem)
                    return (Verdict.Illegal, problem);
                elsewhere += node != 0 && node != stretch.Node ? 1 : 0;
                (next, node) = (stretch.Told[^1].Sequence + 1, stretch.Node);
                told += stretch.Told.Count;
            }
        }

        return (Verdict.Linearizable, $"{account.Subscribers.Count} subscribers were told {told} outputs in order, each once; they went on {elsewhere} times at another node. All nodes have the same.");
    }

    private static string? ProblemOf(string who, string sink, long next, IReadOnlyList<JobOutput> told, IReadOnlyList<JobOutput> full)
    {
        foreach (var (sequence, text) in told)
        {
            if (sequence != next)
                return $"{who} was told output {sequence} of {sink}, where {next} must come: {(sequence > next ? "what lies between is missing" : "it was told again")}.";
            if (next > full.Count)
                return $"{who} was told output {sequence} of {sink}, {text}, and no node has it at last.";
            if (full[(int)next - 1].Text != text)
                return $"{who} was told {text} as output {sequence} of {sink}, and others {full[(int)next - 1].Text}.";
            next++;
        }

        return null;
    }
}
