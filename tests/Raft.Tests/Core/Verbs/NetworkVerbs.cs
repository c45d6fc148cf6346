using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// deliver|drop|duplicate|reorder LINK [KIND] [first|last], where LINK is 1-&gt;2, 1-&gt;*, *-&gt;2 or all; keep the rest in the pool.
/// partition 1 | 2 3; cut 1-&gt;2... (one way); heal; pool; stabilize [without N...].
/// </summary>
internal static class NetworkVerbs
{
    private const int MaxSteps = 10_000;

    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "deliver":
                foreach (var envelope in Select(environment, arguments))
                    environment.Deliver(envelope);
                return true;
            case "drop":
                foreach (var envelope in Select(environment, arguments))
                {
                    environment.Pool.Remove(envelope);
                    environment.Print($"dropped: {CoreText.Message(envelope)}");
                }

                return true;
            case "duplicate":
                var copies = Select(environment, arguments);
                environment.Pool.AddRange(copies);
                environment.Print($"{copies.Count} repeated");
                return true;
            case "reorder":
                Reorder(environment, Select(environment, arguments));
                return true;
            case "pool":
                foreach (var envelope in Select(environment, arguments.Length == 0 ? ["all"] : arguments))
                    environment.Print(CoreText.Message(envelope));
                return true;
            case "partition":
                var groups = string.Join(' ', arguments).Split('|').Select(group => group.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => environment.Host(id).Id));
                environment.Partition(groups);
                environment.Print("cut");
                return true;
            case "cut":
                foreach (var link in arguments.Select(static word => word.Split("->")))
                    environment.CutOneWay(environment.Host(link[0]).Id, environment.Host(link[1]).Id);
                environment.Print("cut");
                return true;
            case "heal":
                environment.Partition([]);
                environment.Print("healed");
                return true;
            case "stabilize":
                Stabilize(environment, arguments);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Completes writes, delivers messages and completes fetches until nothing is left to do. Time stands still.</summary>
    public static void Stabilize(TranscriptEnvironment environment, string[] arguments)
    {
        var without = arguments.Length > 0 && arguments[0] == "without" ? arguments[1..].Select(id => environment.Host(id).Id).ToHashSet() : [];
        for (var step = 0; step < MaxSteps; step++)
        {
            var disk = environment.Hosts.Find(host => host.IsUp && !without.Contains(host.Id) && host.Disk.WritesUnderWay > 0);
            if (disk is not null)
            {
                DiskVerbs.Complete(environment, disk, disk.Disk.NewestSequence);
                continue;
            }

            var message = environment.Pool.Find(envelope => !without.Contains(envelope.Message.To) && !without.Contains(envelope.Message.From));
            if (message is not null)
            {
                environment.Deliver(message);
                continue;
            }

            var fetcher = environment.Hosts.Find(host => host.IsUp && !without.Contains(host.Id) && host.Fetch is not null);
            if (fetcher is null)
                return;
            DiskVerbs.Fetch(environment, fetcher);
        }

        throw new InvalidOperationException($"No quiet after {MaxSteps} steps: the cores talk without end.");
    }

    private static List<Envelope> Select(TranscriptEnvironment environment, string[] arguments)
    {
        var ends = arguments[0] == "all" ? ["*", "*"] : arguments[0].Split("->");
        var place = arguments.FirstOrDefault(word => word is "first" or "last");
        var kind = arguments.Skip(1).FirstOrDefault(word => word is not ("first" or "last"));
        var found = environment.Pool.FindAll(envelope =>
            (ends[0] == "*" || envelope.Message.From == environment.Host(ends[0]).Id)
            && (ends[1] == "*" || envelope.Message.To == environment.Host(ends[1]).Id)
            && (kind is null || envelope.Message.Kind.ToString() == kind));
        if (found.Count == 0)
            return found;
        return place switch { "first" => [found[0]], "last" => [found[^1]], _ => found };
    }

    private static void Reorder(TranscriptEnvironment environment, List<Envelope> messages)
    {
        foreach (var message in messages)
            environment.Pool.Remove(message);
        messages.Reverse();
        environment.Pool.AddRange(messages);
        foreach (var message in messages)
            environment.Print($"now: {CoreText.Message(message)}");
    }
}
