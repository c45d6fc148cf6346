using System.Collections.Concurrent;
using System.Globalization;
using RaftStream.Client;
using RaftStream.Client.Connections;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;
using RaftStream.Node.Http;
using RaftStream.Node.Local;

namespace RaftStream.Node.Tests.Support;

/// <summary>Who asks a node, and how: with a token, a certificate, both or neither.</summary>
/// <param name="Token">The token.</param>
/// <param name="Files">The certificate.</param>
/// <param name="IsPlain">Whether it speaks without TLS.</param>
/// <param name="Authority">Whom it believes; null for the authority of the nodes.</param>
internal sealed record Asker(string? Token = null, IssuedFiles? Files = null, bool IsPlain = false, string? Authority = null);

/// <summary>Three nodes as processes with TLS, tokens and an authority of clients on their ports, who write all that they can to their logs.</summary>
internal sealed class SecuredCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly List<ChildNode> _children = [];
    private readonly ConcurrentQueue<string> _log = new();
    private HttpClient? _http;

    private SecuredCluster()
    {
        Authority = new(Folder.Path, "clients");
        Foreign = new(Folder.Path, "foreign");
        TokensFile = Folder.File("tokens");
        (Reader, Writer, Admin) = (TokenFile.Add(TokensFile, "reader", AccessRole.Read), TokenFile.Add(TokensFile, "writer", AccessRole.Write), TokenFile.Add(TokensFile, "admin", AccessRole.Admin));
        Secret = NodeSecret.Create();
    }

    /// <summary>Where everything lies.</summary>
    public TemporaryFolder Folder { get; } = new();

    /// <summary>The authority of the nodes and of the clients.</summary>
    public ClientAuthority Authority { get; }

    /// <summary>Another one.</summary>
    public ClientAuthority Foreign { get; }

    /// <summary>The file of tokens, which all nodes share.</summary>
    public string TokensFile { get; }

    /// <summary>A token that may read.</summary>
    public string Reader { get; }

    /// <summary>A token that may write.</summary>
    public string Writer { get; }

    /// <summary>A token that may do everything.</summary>
    public string Admin { get; }

    /// <summary>The secret of the nodes.</summary>
    public string Secret { get; }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<LocalMember> Members => [.. _children.Select(static child => child.Member)];

    /// <summary>All that the nodes wrote to standard error.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>Starts it and waits for a leader that all follow.</summary>
    public static async Task<SecuredCluster> StartAsync()
    {
        var cluster = new SecuredCluster();
        try
        {
            await cluster.RunAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a node is asked over HTTP.</summary>
    public static string AddressOf(LocalMember node, Asker asker) => (asker.IsPlain ? "http://" : "https://") + node.Http;

    /// <summary>What an asker makes of TLS; null where it speaks without.</summary>
    public TlsDialler? Tls(Asker asker) => asker.IsPlain
        ? null
        : new(new() { AuthorityFile = asker.Authority ?? Authority.AuthorityFile, CertificateFile = asker.Files?.Certificate, KeyFile = asker.Files?.Key }, new SlowClock());

    /// <summary>An HTTP client for an asker. Owned by the caller.</summary>
    public HttpClient Client(Asker asker)
    {
        var client = HttpClients.Create(Tls(asker)?.Options(host: null));
        if (asker.Token is not null)
            client.DefaultRequestHeaders.Authorization = new("Bearer", asker.Token);
        return client;
    }

    /// <summary>A node that leads, and one that does not.</summary>
    public async Task<(LocalMember Leader, LocalMember Follower)> NodesAsync()
    {
        StatusJson? leader = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                var statuses = (await Task.WhenAll(Members.Select(member => new NodeClient(_http!, "https://" + member.Http).StatusAsync(Patience, CancellationToken.None)))).Select(static reply => reply.Value).OfType<StatusJson>().ToList();
                leader = statuses.Find(static status => status is { Role: "leader", Ready: true });
                return leader is not null && statuses.Count == Members.Count && statuses.TrueForAll(status => status.Leader == leader.Id && status.LeaderHttp is not null);
            },
            "all follow a leader",
            Limit);
        return (Members.First(member => member.Id == leader!.Id), Members.First(member => member.Id != leader!.Id));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var child in _children)
        {
            child.Kill();
            await child.WaitAsync(CancellationToken.None);
            child.Dispose();
        }

        _http?.Dispose();
        Folder.Dispose();
    }

    /// <summary>By it a client finds its expired certificate still good, so that it is the node that has to refuse it.</summary>
    private sealed class SlowClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() - TimeSpan.FromHours(2);
    }

    private async Task RunAsync()
    {
        var ports = Ports.Find(12);
        var members = string.Join(',', Enumerable.Range(0, 3).Select(place => FormattableString.Invariant($"{place + 1}=127.0.0.1:{ports[place]}")));
        var secret = Folder.Write("node-secret", Secret);
        for (var place = 0; place < 3; place++)
        {
            var member = new LocalMember(place + 1, $"127.0.0.1:{ports[place]}", $"127.0.0.1:{ports[3 + place]}", $"127.0.0.1:{ports[6 + place]}", $"127.0.0.1:{ports[9 + place]}");
            var server = Authority.Server();
            string[] arguments =
            [
                "--id", member.Id.ToString(CultureInfo.InvariantCulture), "--cluster", members, "--cluster-id", "secured", "--data", Folder.File($"node-{member.Id}"), "--http", member.Http, "--client", member.Client!, "--resp", member.Resp!,
                "--tokens", TokensFile, "--node-secret", secret, "--client-tls-cert", server.Certificate, "--client-tls-key", server.Key, "--client-tls-ca", Authority.AuthorityFile, "--log-level", "debug",
            ];
            _children.Add(ChildNode.Start(member, arguments, _log.Enqueue));
        }

        _http = Client(new(Admin));
        await NodesAsync();
    }
}
