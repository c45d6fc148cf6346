using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>RaftStream's changes of members, over HTTP, as an operator with the command line would make them: asked again until they are done.</summary>
internal sealed class RaftStreamMembers : IMemberAdmin, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http = HttpClients.Create();

    public async Task<bool> AddAsync(IReadOnlyList<string> addresses, int node, string peer, CancellationToken cancellationToken)
    {
        var id = node.ToString(CultureInfo.InvariantCulture);

        // A learner first: it gets a vote once it has caught up.
        return await UntilAsync(addresses, async client => (await client.ChangeMembersAsync(HttpMethod.Post, "", JsonContent.Create(new AddMemberBody(node, peer, null), NodeJson.Default.AddMemberBody), Patience, cancellationToken)).Value is not null, members => Has(members, node, "learner", "voter"), cancellationToken)
            && await UntilAsync(addresses, async client => (await client.ChangeMembersAsync(HttpMethod.Post, $"/{id}/promote", null, Patience, cancellationToken)).Value is not null, members => Has(members, node, "voter"), cancellationToken);
    }

    public Task<bool> RemoveAsync(IReadOnlyList<string> addresses, int node, CancellationToken cancellationToken)
    {
        var id = node.ToString(CultureInfo.InvariantCulture);
        return UntilAsync(
            addresses,
            async client => (await client.ChangeMembersAsync(HttpMethod.Delete, $"/{id}", null, Patience, cancellationToken)).Value is not null,
            members => !members.Joint && !members.Members.Any(member => member.Id == node),
            cancellationToken);
    }

    public async Task<bool> TransferAsync(IReadOnlyList<string> addresses, CancellationToken cancellationToken)
    {
        foreach (var address in addresses)
        {
            if ((await new NodeClient(_http, "http://" + address).TransferAsync(null, Patience, cancellationToken)).Value is not null)
                return true;
        }

        return false;
    }

    public void Dispose() => _http.Dispose();

    private static bool Has(MembersJson members, int node, params ReadOnlySpan<string> roles)
    {
        foreach (var member in members.Members)
        {
            if (member.Id == node && !members.Joint && roles.Contains(member.Role))
                return true;
        }

        return false;
    }

    /// <summary>Asks one node after the other, and looks each time whether it is done already: an answer that was lost is no reason to ask again.</summary>
    private async Task<bool> UntilAsync(IReadOnlyList<string> addresses, Func<NodeClient, Task<bool>> change, Func<MembersJson, bool> isDone, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        for (var attempt = 0; addresses.Count > 0 && !cancellationToken.IsCancellationRequested && Stopwatch.GetElapsedTime(start) < Limit; attempt++)
        {
            var client = new NodeClient(_http, "http://" + addresses[attempt % addresses.Count]);
            try
            {
                if ((await client.MembersAsync(Patience, cancellationToken)).Value is { } members && isDone(members))
                    return true;
                if (!await change(client))
                    await Task.Delay(Pause, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return false;
            }
        }

        return false;
    }
}
