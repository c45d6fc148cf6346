namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// durable N|all [upto=S]: the disk completes its writes. fail N: a sync fails. lose N from=I: a node that is down has lost entries it had
/// synced. snapshot N at=I compact=J: the node's own snapshot. fetch N [nothing]: a snapshot fetch ends, or is given up.
/// </summary>
internal static class DiskVerbs
{
    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "durable":
                foreach (var host in environment.Hosts.Where(host => host.IsUp && (arguments[0] == "all" || arguments[0] == host.Id.ToString())))
                    Complete(environment, host, TranscriptText.Option(arguments, "upto") is { } upTo ? TranscriptText.Number(upTo) : host.Disk.NewestSequence);
                return true;
            case "fail":
                environment.Step(environment.Host(arguments[0]), host => host.FailWrites(environment.Now));
                return true;
            case "lose":
                environment.Host(arguments[0]).Disk.Durable.CutFrom(Index(arguments, "from"));
                environment.Print(TranscriptText.Status(environment.Host(arguments[0])));
                return true;
            case "snapshot":
                environment.Host(arguments[0]).TakeSnapshot(Index(arguments, "at"), Index(arguments, "compact"));
                environment.Print(TranscriptText.Status(environment.Host(arguments[0])));
                return true;
            case "fetch":
                if (arguments.Length > 1)
                    environment.Host(arguments[0]).DropFetch();
                else
                    Fetch(environment, environment.Host(arguments[0]));
                return true;
            default:
                return false;
        }
    }

    public static void Complete(TranscriptEnvironment environment, CoreHost host, long upTo) =>
        environment.Step(host, target => target.CompleteWrites(environment.Now, upTo));

    public static void Fetch(TranscriptEnvironment environment, CoreHost host)
    {
        var (position, from) = host.Fetch ?? throw new FormatException($"Node {host.Id} fetches no snapshot.");
        environment.Print($"{host.Id} has snapshot {position} from {from}");
        environment.Step(host, target => target.ReceiveSnapshot(environment.Now, position));
    }

    private static LogIndex Index(string[] arguments, string name) =>
        new(TranscriptText.Number(TranscriptText.Option(arguments, name) ?? throw new FormatException($"Say {name}=INDEX.")));
}
