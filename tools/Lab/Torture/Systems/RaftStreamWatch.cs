using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture;

/// <summary>A watch over HTTP, as a browser's EventSource would make it, at one node until the connection ends.</summary>
internal static class RaftStreamWatch
{
    /// <summary>Watches; whatever ends the connection ends it.</summary>
    /// <exception cref="InvalidDataException">The node tells what is no event of a watch.</exception>
    public static async IAsyncEnumerable<WatchTold> RunAsync(HttpClient http, string node, string prefix, string? from, [EnumeratorCancellation] CancellationToken end)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, HttpClients.Target(node, $"/v1/watch?prefix={Uri.EscapeDataString(prefix)}"));
        if (from is not null)
            request.Headers.Add("Last-Event-ID", from);
        using var response = await UnlessLostAsync(() => http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end));
        if (response is not { IsSuccessStatusCode: true })
            yield break;
        await using var body = await response.Content.ReadAsStreamAsync(CancellationToken.None);
        await using var events = SseParser.Create(body).EnumerateAsync(end).GetAsyncEnumerator(CancellationToken.None);
        while (await UnlessLostAsync(async () => await events.MoveNextAsync()))
            yield return Read(events.Current);
    }

    private static WatchTold Read(SseItem<string> item)
    {
        long? resume = ReadToken.TryParse(item.EventId ?? "", out var token) ? token.Index.Value : null;
        if (item.EventType == "reset")
            return new(WatchToldKind.Reset, Id: item.EventId, Resume: resume);
        var kind = item.EventType switch
        {
            "row" => WatchToldKind.Row,
            "change" => WatchToldKind.Change,
            "progress" => WatchToldKind.Progress,
            var other => throw new InvalidDataException($"A watch tells of '{other}', which there is not."),
        };
        using var data = JsonDocument.Parse(item.Data);
        var index = data.RootElement.GetProperty("index").GetInt64();
        if (kind == WatchToldKind.Progress)
            return new(kind, index, Id: item.EventId, Resume: resume);
        var value = data.RootElement.GetProperty("value");
        return new(kind, index, data.RootElement.GetProperty("key").GetString()!, value.ValueKind == JsonValueKind.Null ? null : value.GetInt64(), item.EventId, resume);
    }

    private static async Task<T?> UnlessLostAsync<T>(Func<Task<T>> step)
    {
        try
        {
            return await step();
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException or OperationCanceledException)
        {
            // The node is gone, or the caller has enough: either way the watch is over, and is gone on with elsewhere.
            return default;
        }
    }
}
