using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using Addresses = RaftStream.Raft.Wire.Addresses;

namespace RaftStream.Client.Tests.Security;

/// <summary>One kind of port for clients, as the tests of who may do what see it: another port is another one of these.</summary>
internal abstract class PortAsker
{
    /// <summary>The node did it, or would if it led.</summary>
    public const string Done = "done";

    /// <summary>It does not know who asks.</summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary>Whoever asks may not.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>No connection came about, or it broke before an answer.</summary>
    public const string NoConnection = "no connection";

    /// <summary>How long one question may take.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    /// <summary>Asks a node to read a counter, or to add to it, and says how that ended.</summary>
    public abstract Task<string> AskAsync(SecuredCluster cluster, LocalMember node, Asker asker, bool isWrite);
}

/// <summary>HTTP.</summary>
internal sealed class HttpAsker : PortAsker
{
    public override async Task<string> AskAsync(SecuredCluster cluster, LocalMember node, Asker asker, bool isWrite)
    {
        using var http = cluster.Client(asker);
        using var request = new HttpRequestMessage(isWrite ? HttpMethod.Post : HttpMethod.Get, HttpClients.Target(SecuredCluster.AddressOf(node, asker), isWrite ? "/v1/counters/k/add" : "/v1/counters/k"));
        if (isWrite)
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var response = await http.SendAsync(request, limit.Token);
            if (response.IsSuccessStatusCode)
                return Done;
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(limit.Token));
            return problem.RootElement.GetProperty("code").GetString()!;
        }
        catch (HttpRequestException)
        {
            return NoConnection;
        }
    }
}

/// <summary>The binary protocol.</summary>
internal sealed class ClientAsker : PortAsker
{
    public override async Task<string> AskAsync(SecuredCluster cluster, LocalMember node, Asker asker, bool isWrite)
    {
        using var limit = new CancellationTokenSource(Limit);
        var dialled = await NodeConnection.DialAsync(Addresses.TryParse(node.Client!)!, new(null, "test", asker.Token), 4, TimeProvider.System, cluster.Tls(asker), limit.Token);
        if (dialled.Connection is not { } connection)
            return Name(dialled.Refusal);
        await using (connection)
        {
            var answer = await connection.SendAsync(isWrite ? new(RequestKind.Add) { Key = "k", Delta = 1 } : new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Eventual) }, Limit, limit.Token);
            return answer.Outcome == ClientOutcome.Applied || answer.Refusal == ClientRefusal.NotLeader ? Done : Name(answer.Refusal);
        }
    }

    private static string Name(ClientRefusal refusal) => refusal switch
    {
        ClientRefusal.Unauthenticated => Unauthenticated,
        ClientRefusal.Forbidden => Forbidden,
        ClientRefusal.Disconnected => NoConnection,
        _ => refusal.ToString(),
    };
}

/// <summary>The Redis protocol.</summary>
internal sealed class RespAsker : PortAsker
{
    public override async Task<string> AskAsync(SecuredCluster cluster, LocalMember node, Asker asker, bool isWrite)
    {
        try
        {
            using var client = await RespClient.ConnectAsync(node.Resp!, cluster.Tls(asker));
            if (asker.Token is not null && await client.AskAsync("AUTH", asker.Token) is var said && said != "+OK")
                return Name(said);
            return Name(await client.AskAsync(isWrite ? "INCR k" : "GET k"));
        }
        catch (Exception broken) when (broken is IOException or AuthenticationException)
        {
            return NoConnection;
        }
    }

    private static string Name(string answer) => answer.Split(' ')[0] switch
    {
        "-NOAUTH" or "-WRONGPASS" => Unauthenticated,
        "-NOPERM" => Forbidden,
        "end" => NoConnection,
        _ when answer.StartsWith('-') => answer,
        _ => Done,
    };
}
