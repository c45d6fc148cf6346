using System.CommandLine;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Node.Hosting;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Wire;

namespace RaftStream.Node.Commands;

/// <summary>What <c>unsafe-reset --json</c> prints.</summary>
internal sealed record UnsafeResetJson(string Folder, int Node, long LastIndex, long LastTerm, long Incarnation, IReadOnlyList<int> Forgotten);

/// <summary>How it is written.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(UnsafeResetJson))]
internal sealed partial class UnsafeResetCommandJson : JsonSerializerContext;

/// <summary>
/// <c>raftstream unsafe-reset</c>: when a majority of the voters is lost for good, makes one survivor a cluster of its own. The last resort,
/// because it may lose what was acknowledged.
/// </summary>
internal static class UnsafeResetCommand
{
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(2);

    private static readonly Option<string> Data = new("--data") { Description = "The data folder of a survivor that does not run.", HelpName = "DIR", Required = true };

    private static readonly Option<string> Name = new("--cluster-name")
    {
        Description = "Type the cluster's name, to show that this is the one you mean: its --cluster-id or, where it has none, the --cluster that it was first started with.",
        HelpName = "NAME",
        Required = true,
    };

    private static readonly Option<string?> Elsewhere = new("--members")
    {
        Description = "Where to look for voters that have moved, instead of the addresses that the log names.",
        HelpName = "2=host:port,...",
    };

    private static readonly Option<string?> TlsCert = new("--tls-cert") { Description = "To look for the others with TLS: this node's certificate (PEM).", HelpName = "FILE" };
    private static readonly Option<string?> TlsKey = new("--tls-key") { Description = "Its private key (PEM).", HelpName = "FILE" };
    private static readonly Option<string?> TlsCa = new("--tls-ca") { Description = "The authorities to trust (PEM).", HelpName = "FILE" };

    public static Command Build()
    {
        var command = new Command("unsafe-reset", "Makes a survivor lead alone after a majority was lost for good; may lose acknowledged writes.")
        {
            Data, Name, Elsewhere, TlsCert, TlsKey, TlsCa, ClientCommand.Json,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken stop)
    {
        var folder = Path.GetFullPath(parsed.GetRequiredValue(Data));
        var moved = parsed.GetValue(Elsewhere) is { } list ? MemberList.Parse(list, "--members") : new Dictionary<NodeId, DnsEndPoint>();
        var files = ProgramSettings.Certificates(new() { TlsCert = parsed.GetValue(TlsCert), TlsKey = parsed.GetValue(TlsKey), TlsCa = parsed.GetValue(TlsCa) });
        try
        {
            var seed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
            using var reset = QuorumReset.Open(folder, ClusterOf(parsed.GetRequiredValue(Name)), seed);
            await RefuseLivingQuorumAsync(reset, moved, TlsOf(files, reset.Identity.Node));
            stop.ThrowIfCancellationRequested();
            reset.Run();
            Tell(reset, folder, parsed.GetValue(ClientCommand.Json));
            return ExitCodes.Fine;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{folder}: {exception.Message}", exception);
        }
    }

    // The name as it was given to the nodes; where they got none, their first list of members stands for it.
    private static Guid ClusterOf(string name)
    {
        var isList = name.Contains('=', StringComparison.Ordinal) && name.Contains(':', StringComparison.Ordinal);
        return isList ? MemberList.ClusterGuid(null, MemberList.Parse(name, "--cluster-name")) : MemberList.ClusterGuid(name, new Dictionary<NodeId, DnsEndPoint>());
    }

    private static PeerTls TlsOf(PeerTlsOptions? files, NodeId node) =>
        new(files is null ? null : PeerCertificates.Open(node, files, new TransportCounters(), TimeProvider.System, NullLogger.Instance));

    private static async Task RefuseLivingQuorumAsync(QuorumReset reset, IReadOnlyDictionary<NodeId, DnsEndPoint> moved, PeerTls tls)
    {
        var own = new HandshakeIdentity(reset.Identity.ClusterId, reset.Incarnation, reset.Identity.Node, ProcessIncarnation: 1, "", "");
        var others = reset.Members.Members.Where(member => !member.IsLearner && member.Id != reset.Identity.Node).Select(static member => member.Id).ToList();
        var answers = await Task.WhenAll(others.Select(async id =>
        {
            var address = moved.GetValueOrDefault(id) ?? Raft.Wire.Addresses.TryParse(reset.Members.Find(id)!.Address);
            return (Id: id, Lives: address is not null && await PeerProbe.AnswersAsync(address, own, id, tls, ProbePatience));
        }));
        var living = answers.Where(static answer => answer.Lives).Select(static answer => answer.Id).ToList();
        if (living.Count == 0 || !reset.IsQuorum(living))
            return;
        throw new RefusedException(
            "quorum-lives",
            $"Of the other voters {string.Join(" and ", living)} can be reached, and with node {reset.Identity.Node} that is a majority: start this node again instead, nothing is lost. Nothing was changed.");
    }

    private static void Tell(QuorumReset reset, string folder, bool json)
    {
        var node = reset.Identity.Node;
        var forgotten = reset.Members.Members.Where(member => member.Id != node).Select(static member => member.Id.Value).ToList();
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(
                new UnsafeResetJson(folder, node.Value, reset.Before.Index.Value, reset.Before.Term.Value, reset.Incarnation, forgotten), UnsafeResetCommandJson.Default.UnsafeResetJson));
            return;
        }

        Console.Out.WriteLine($"{folder}: node {node} is the only member now, incarnation {reset.Incarnation} of the cluster; start it as before and it leads");
        Console.Out.WriteLine($"kept:   everything up to entry {reset.Before}, the end of its entries that nobody may ever have been told of included");
        Console.Out.WriteLine("lost:   whatever the others acknowledged behind that entry");
        if (forgotten.Count > 0)
            Console.Out.WriteLine($"others: node {string.Join(", ", forgotten)} must not come back with its data: empty its folder and add it under a fresh id, with --join --incarnation {reset.Incarnation}");
    }
}
