using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// nodes N [new] [window=W] [entries=E] [bytes=B] [uncommitted=U] [reads=R] [caughtup=B] [drift=PERCENT]; log N terms=1,1,2 term=T [vote=V]; crash N; restart N;
/// status [N]; peers N.
/// </summary>
internal static class ClusterVerbs
{
    public static bool TryRun(TranscriptEnvironment environment, string verb, string[] arguments)
    {
        switch (verb)
        {
            case "nodes":
                Nodes(environment, arguments);
                return true;
            case "log":
                Log(environment, arguments);
                return true;
            case "crash":
                environment.Host(arguments[0]).Crash();
                environment.Print(TranscriptText.Status(environment.Host(arguments[0])));
                return true;
            case "restart":
                environment.Start(environment.Host(arguments[0]));
                environment.Print(TranscriptText.Status(environment.Host(arguments[0])));
                return true;
            case "status":
                foreach (var host in environment.Hosts.Where(host => arguments.Length == 0 || arguments.Contains(host.Id.ToString())))
                    environment.Print(TranscriptText.Status(host));
                return true;
            case "peers":
                var leader = environment.Host(arguments[0]);
                foreach (var peer in environment.Hosts.Where(peer => peer != leader && leader.Core.Membership.Current.Find(peer.Id) is not null))
                    environment.Print(TranscriptText.Peer(peer.Id, leader.Core.ProgressOf(peer.Id)));
                return true;
            default:
                return false;
        }
    }

    private static void Nodes(TranscriptEnvironment environment, string[] arguments)
    {
        var options = new CoreOptions { ElectionTimeout = TimeSpan.FromMilliseconds(300), HeartbeatInterval = TimeSpan.FromMilliseconds(50) };
        if (TranscriptText.Option(arguments, "window") is { } window)
            options = options with { MaxInflightAppends = TranscriptText.Number(window) };
        if (TranscriptText.Option(arguments, "caughtup") is { } caughtUp)
            options = options with { CaughtUpBytes = TranscriptText.Number(caughtUp) };
        if (TranscriptText.Option(arguments, "drift") is { } drift)
            options = options with { MaxDrift = TranscriptText.Number(drift) / 100.0 };
        if (TranscriptText.Option(arguments, "windowbytes") is { } windowBytes)
            options = options with { MaxInflightBytes = TranscriptText.Number(windowBytes) };
        if (TranscriptText.Option(arguments, "entries") is { } entries)
            options = options with { MaxAppendEntries = TranscriptText.Number(entries) };
        if (TranscriptText.Option(arguments, "bytes") is { } bytes)
            options = options with { MaxAppendBytes = TranscriptText.Number(bytes) };
        if (TranscriptText.Option(arguments, "uncommitted") is { } uncommitted)
            options = options with { MaxUncommittedEntries = TranscriptText.Number(uncommitted) };
        if (TranscriptText.Option(arguments, "reads") is { } reads)
            options = options with { MaxPendingReads = TranscriptText.Number(reads) };
        environment.Build(TranscriptText.Number(arguments[0]), options, arguments.Contains("new"));
        environment.Print($"{environment.Hosts.Count} nodes");
    }

    /// <summary>Starts a node again with this on its disk, as though an earlier life had left it.</summary>
    private static void Log(TranscriptEnvironment environment, string[] arguments)
    {
        var host = environment.Host(arguments[0]);
        var terms = (TranscriptText.Option(arguments, "terms") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var entries = Array.ConvertAll(terms, term => new EntryRecord(new(new(TranscriptText.Number(term)), EntryKind.Command, 0), ""));
        var image = new DiskImage();
        var state = new HardState(new(TranscriptText.Number(TranscriptText.Option(arguments, "term") ?? "0")), new(TranscriptText.Number(TranscriptText.Option(arguments, "vote") ?? "0")));
        image.Apply(new(0, state, LogPosition.Zero, null, new(1), entries));
        host.Crash();
        host.Disk.Start(image);
        environment.Start(host);
        environment.Print(TranscriptText.Status(host));
    }
}
