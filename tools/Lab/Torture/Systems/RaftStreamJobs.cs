using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>The stream jobs of one node over HTTP, as any client of it would use them.</summary>
/// <param name="http">Sends.</param>
/// <param name="node">The node: http://host:port.</param>
internal sealed class RaftStreamJobs(HttpClient http, string node)
{
    private const int RowsOfPage = 900;

    /// <summary>Hands lines in. Whatever is no answer that they count leaves it open.</summary>
    public async Task<JobTaken> TakeAsync(JobLines batch, CancellationToken deadline)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"/v1/streams/{batch.Job}/sources/{batch.Source}/records?producer={batch.Producer}&sequence={batch.First}");
        using var request = new HttpRequestMessage(HttpMethod.Post, HttpClients.Target(node, path)) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Join('\n', batch.Lines))) };
        var (answer, _) = await SendAsync(request, deadline);
        using (answer)
        {
            return answer?.RootElement is { } root && root.GetProperty("sequence").GetInt64() >= batch.First - 1 + batch.Lines.Count
                ? new(AnswerKind.Ok, root.GetProperty("taken").GetInt32(), root.GetProperty("index").GetInt64())
                : new(AnswerKind.Unknown);
        }
    }

    /// <summary>Reads all rows of a table, page by page.</summary>
    public async Task<JobRowsTold> RowsAsync(string job, string table, ReadLevel? level, CancellationToken deadline)
    {
        var rows = new List<(string Key, string Value)>();
        var from = "";
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(node, $"/v1/streams/{job}/tables/{table}?limit={RowsOfPage}{from}"));
            level?.Write(request.Headers);
            var (answer, age) = await SendAsync(request, deadline);
            using (answer)
            {
                if (answer?.RootElement is not { } root)
                    return new(AnswerKind.Failed, []);
                foreach (var row in root.GetProperty("rows").EnumerateArray())
                    rows.Add((row.GetProperty("key").GetString()!, row.GetProperty("value").GetRawText()));
                if (root.GetProperty("complete").GetBoolean() || root.GetProperty("next").GetString() is not { } next)
                    return new(AnswerKind.Ok, rows, root.GetProperty("index").GetInt64(), age);
                from = "&from=" + Uri.EscapeDataString(next);
            }
        }
    }

    /// <summary>Where a job stands; null if the node does not say.</summary>
    public async Task<JobStands?> StandsAsync(string job, CancellationToken deadline)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(node, "/v1/streams/" + job));
        var (answer, _) = await SendAsync(request, deadline);
        using (answer)
        {
            return answer?.RootElement is not { } root ? null : new(
                root.GetProperty("sinks").EnumerateArray().ToDictionary(static sink => sink.GetProperty("sink").GetString()!, static sink => sink.GetProperty("next").GetInt64(), StringComparer.Ordinal),
                root.GetProperty("late").EnumerateArray().ToDictionary(static late => late.GetProperty("operator").GetString()!, static late => late.GetProperty("records").GetInt64(), StringComparer.Ordinal),
                root.GetProperty("deadLetters").GetInt64());
        }
    }

    /// <summary>Subscribes; whatever ends the connection ends it.</summary>
    /// <exception cref="InvalidDataException">The node tells what is no event of a subscription.</exception>
    public async IAsyncEnumerable<JobOutput> SubscribeAsync(string job, string sink, long from, [EnumeratorCancellation] CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(node, string.Create(CultureInfo.InvariantCulture, $"/v1/streams/{job}/sinks/{sink}?from={from}")));
        using var response = await UnlessLostAsync(() => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end));
        if (response is not { IsSuccessStatusCode: true })
            yield break;
        await using var body = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        await using var events = SseParser.Create(body).EnumerateAsync(end).GetAsyncEnumerator(CancellationToken.None);
        while (await UnlessLostAsync(async () => await events.MoveNextAsync()))
        {
            yield return long.TryParse(events.Current.EventId, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence)
                ? new(sequence, events.Current.Data)
                : throw new InvalidDataException($"A subscription tells of an output with the id '{events.Current.EventId}', which is no sequence.");
        }
    }

    private async Task<(JsonDocument? Answer, long? AgeMs)> SendAsync(HttpRequestMessage request, CancellationToken deadline)
    {
        try
        {
            using var response = await http.SendAsync(request, deadline);
            if (!response.IsSuccessStatusCode)
                return default;
            await using var body = await response.Content.ReadAsStreamAsync(deadline);
            return (await JsonDocument.ParseAsync(body, cancellationToken: deadline), AnswerHeaders.Read(response.Headers).AgeMs);
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException or JsonException)
        {
            // The node is gone, or the caller has no time left: what became of the request is open.
            return default;
        }
    }

    private static async Task<T?> UnlessLostAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException)
        {
            // The node is gone, or the caller has enough: either way it is over, and is gone on with elsewhere.
            return default;
        }
    }
}
