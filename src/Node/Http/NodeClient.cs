using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Http;

/// <summary>How a call to one node ended.</summary>
/// <typeparam name="T">What it answers with.</typeparam>
/// <param name="Value">The answer, null unless it came and was a success.</param>
/// <param name="Problem">The node's error; null if it did not answer at all.</param>
/// <param name="NeverSent">Whether the request certainly never reached the node.</param>
internal sealed record NodeReply<T>(T? Value, ProblemJson? Problem, bool NeverSent)
    where T : class
{
    /// <summary>What its headers tell; null if it did not answer.</summary>
    public AnswerStamp? Stamp { get; init; }

    /// <summary>Whether the request certainly had no effect, so that it may be sent again whatever it asks for.</summary>
    public bool NothingDone => NeverSent || (Problem is { Outcome: "rejected", Status: 503 or 429 or 507 });
}

/// <summary>A backup that arrived whole, in bytes.</summary>
internal sealed record BackupSize(long Bytes);

/// <summary>Talks HTTP to one node. Every call ends within its time and never throws for a node that is down or answers badly.</summary>
internal sealed class NodeClient(HttpClient http, string node)
{
    /// <summary>No answer is read beyond this many bytes: 10,000 rows with the longest keys, escaped, fit.</summary>
    public const int MaxAnswerBytes = 256 * 1024 * 1024;

    /// <summary>Where the node is: http://host:port.</summary>
    public string Address { get; } = node;

    /// <summary>Asks the node for its own status.</summary>
    public Task<NodeReply<StatusJson>> StatusAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        GetAsync("/v1/status", NodeJson.Default.StatusJson, patience, cancellationToken);

    /// <summary>Reads a counter, linearizably unless another level is given.</summary>
    public Task<NodeReply<CounterJson>> GetCounterAsync(string key, TimeSpan patience, CancellationToken cancellationToken, ReadLevel? level = null) =>
        GetAsync("/v1/counters/" + RawPath.Encode(key), NodeJson.Default.CounterJson, patience, cancellationToken, level);

    /// <summary>Adds to a counter; sent once. With a session it may be sent again, and counts once.</summary>
    public Task<NodeReply<CounterJson>> AddAsync(string key, long delta, TimeSpan patience, CancellationToken cancellationToken, SessionHeaders? session = null)
    {
        var content = JsonContent.Create(new AddBody(delta), NodeJson.Default.AddBody);
        return SendAsync(HttpMethod.Post, $"/v1/counters/{RawPath.Encode(key)}/add", content, NodeJson.Default.CounterJson, patience, cancellationToken, session);
    }

    /// <summary>Adds to a counter with the leader's disk alone; sent once.</summary>
    public Task<NodeReply<WriteJson>> AddProvisionallyAsync(string key, long delta, TimeSpan patience, CancellationToken cancellationToken)
    {
        var content = JsonContent.Create(new AddBody(delta), NodeJson.Default.AddBody);
        return SendAsync(HttpMethod.Post, $"/v1/counters/{RawPath.Encode(key)}/add?{WriteLevel.Query}={WriteLevel.Leader}", content, NodeJson.Default.WriteJson, patience, cancellationToken);
    }

    /// <summary>Asks what became of a provisional write.</summary>
    public Task<NodeReply<WriteJson>> ConfirmAsync(string position, TimeSpan patience, CancellationToken cancellationToken) =>
        GetAsync("/v1/writes/" + position, NodeJson.Default.WriteJson, patience, cancellationToken);

    /// <summary>Sets a counter if it is what is expected, null for one that must not exist; sent once.</summary>
    public Task<NodeReply<CounterJson>> CompareAndSetAsync(string key, long? expected, long value, TimeSpan patience, CancellationToken cancellationToken)
    {
        var content = JsonContent.Create(new CasBody(expected, value), NodeJson.Default.CasBody);
        return SendAsync(HttpMethod.Post, $"/v1/counters/{RawPath.Encode(key)}/cas", content, NodeJson.Default.CounterJson, patience, cancellationToken);
    }

    /// <summary>Opens a session that ends when nothing of it comes for <paramref name="idle"/>: 1 ms to 30 days.</summary>
    public Task<NodeReply<SessionJson>> OpenSessionAsync(TimeSpan idle, TimeSpan patience, CancellationToken cancellationToken) => SendAsync(
        HttpMethod.Post, "/v1/sessions", JsonContent.Create(new OpenSessionBody((long)idle.TotalMilliseconds), NodeJson.Default.OpenSessionBody), NodeJson.Default.SessionJson, patience, cancellationToken);

    /// <summary>Reads the largest counters, linearizably unless another level is given.</summary>
    public Task<NodeReply<TopJson>> TopAsync(int limit, TimeSpan patience, CancellationToken cancellationToken, ReadLevel? level = null) =>
        GetAsync("/v1/top?limit=" + limit.ToString(CultureInfo.InvariantCulture), NodeJson.Default.TopJson, patience, cancellationToken, level);

    /// <summary>Reads how far a job has come, linearizably unless another level is given.</summary>
    public Task<NodeReply<JobJson>> JobAsync(string job, string partition, TimeSpan patience, CancellationToken cancellationToken, ReadLevel? level = null) =>
        GetAsync($"/v1/jobs/{RawPath.Encode(job)}?partition={Uri.EscapeDataString(partition)}", NodeJson.Default.JobJson, patience, cancellationToken, level);

    /// <summary>Posts a source; ends when it is counted or the node has gone. The stream is not disposed.</summary>
    public Task<NodeReply<IngestJson>> IngestAsync(string job, string partition, Stream source, CancellationToken cancellationToken)
    {
        var path = $"/v1/jobs/{RawPath.Encode(job)}/ingest?partition={Uri.EscapeDataString(partition)}";
        return SendAsync(HttpMethod.Post, path, new SourceContent(source), NodeJson.Default.IngestJson, Timeout.InfiniteTimeSpan, cancellationToken);
    }

    /// <summary>Reads the members, by the leader's account.</summary>
    public Task<NodeReply<MembersJson>> MembersAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        GetAsync("/v1/admin/members", NodeJson.Default.MembersJson, patience, cancellationToken);

    /// <summary>Asks for a change of the members; sent once.</summary>
    public Task<NodeReply<ChangeJson>> ChangeMembersAsync(HttpMethod method, string path, HttpContent? body, TimeSpan patience, CancellationToken cancellationToken) =>
        SendAsync(method, "/v1/admin/members" + path, body ?? new ReadOnlyMemoryContent(ReadOnlyMemory<byte>.Empty), NodeJson.Default.ChangeJson, patience, cancellationToken);

    /// <summary>Asks for a hand-over; sent once.</summary>
    public Task<NodeReply<TransferJson>> TransferAsync(int? to, TimeSpan patience, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, "/v1/admin/transfer", JsonContent.Create(new TransferBody(to), NodeJson.Default.TransferBody), NodeJson.Default.TransferJson, patience, cancellationToken);

    /// <summary>Downloads a backup into a file from its start; the answer is its size in bytes, all of which arrived.</summary>
    public async Task<NodeReply<BackupSize>> BackupAsync(FileStream destination, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(Address, "/v1/admin/backup"));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
                return new(null, await JsonSerializer.DeserializeAsync(body, NodeJson.Default.ProblemJson, cancellationToken), NeverSent: false);
            destination.SetLength(0);
            await body.CopyToAsync(destination, cancellationToken);
            return new(new BackupSize(destination.Length), null, NeverSent: false);
        }
        catch (HttpRequestException exception)
        {
            return new(null, null, HttpClients.NeverSent(exception));
        }
        catch (OperationCanceledException exception) when (HttpClients.NeverSent(exception))
        {
            return new(null, null, NeverSent: true);
        }
        catch (Exception exception) when (exception is JsonException or HttpIOException)
        {
            return new(null, null, NeverSent: false);
        }
    }

    private Task<NodeReply<T>> GetAsync<T>(string path, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken cancellationToken, ReadLevel? level = null)
        where T : class => SendAsync(HttpMethod.Get, path, null, type, patience, cancellationToken, level: level);

    private async Task<NodeReply<T>> SendAsync<T>(
        HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, TimeSpan patience, CancellationToken cancellationToken,
        SessionHeaders? session = null, ReadLevel? level = null)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        using var request = new HttpRequestMessage(method, HttpClients.Target(Address, path)) { Content = content };
        session?.Write(request.Headers);
        level?.Write(request.Headers);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            await response.Content.LoadIntoBufferAsync(MaxAnswerBytes, limit.Token);
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            var reply = response.IsSuccessStatusCode
                ? new NodeReply<T>(await JsonSerializer.DeserializeAsync(body, type, limit.Token), null, NeverSent: false)
                : new NodeReply<T>(null, await JsonSerializer.DeserializeAsync(body, NodeJson.Default.ProblemJson, limit.Token), NeverSent: false);
            return reply with { Stamp = AnswerHeaders.Read(response.Headers) };
        }
        catch (HttpRequestException exception)
        {
            return new NodeReply<T>(null, null, HttpClients.NeverSent(exception));
        }
        catch (Exception exception) when (exception is JsonException or IOException && !cancellationToken.IsCancellationRequested)
        {
            // No node of ours, or one that died while it answered.
            return new NodeReply<T>(null, null, NeverSent: false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return new NodeReply<T>(null, null, HttpClients.NeverSent(exception));
        }
    }

    // Unlike StreamContent it leaves the source open and hands each piece on at once.
    private sealed class SourceContent(Stream source) : HttpContent
    {
        protected override Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context, CancellationToken cancellationToken)
        {
            var buffer = new byte[64 * 1024];
            int count;
            while ((count = await ReadAsync(buffer, cancellationToken)) > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                await stream.FlushAsync(cancellationToken);
            }
        }

        // A source that fails must not look like a node that fails: the client would try again for ever.
        private async ValueTask<int> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
        {
            try
            {
                return await source.ReadAsync(buffer, cancellationToken);
            }
            catch (IOException exception)
            {
                throw new UsageException($"The source cannot be read on: {exception.Message}", exception);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
