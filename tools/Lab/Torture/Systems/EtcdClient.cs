using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using RaftStream.Hosting.Http;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>A client of one member of etcd, through its JSON gateway. Reads are linearizable, as they are unless one asks otherwise.</summary>
internal sealed class EtcdClient(HttpClient http, string address) : ISystemClient
{
    // gRPC's: what is asked is not done, for want of room in the member's queue, or because it makes no sense.
    private const int InvalidArgument = 3;
    private const int ResourceExhausted = 8;

    /// <inheritdoc/>
    public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline)
    {
        var (path, body) = Write(call);
        var doubtful = new ClientAnswer(call.Function == OperationFunction.Read ? AnswerKind.Failed : AnswerKind.Unknown);
        try
        {
            // Never without a body: a request that has none is sent again by the HTTP client, where a connection ends under it.
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await http.PostAsync($"http://{address}/v3/kv/{path}", content, deadline);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(deadline));
            if (response.StatusCode == HttpStatusCode.OK)
                return Read(call, answer.RootElement);
            return Number(answer.RootElement, "code") is InvalidArgument or ResourceExhausted ? new(AnswerKind.Failed) : doubtful;
        }
        catch (HttpRequestException exception) when (HttpClients.NeverSent(exception))
        {
            return new(AnswerKind.Failed);
        }
        catch (Exception silence) when (silence is HttpRequestException or OperationCanceledException or IOException or JsonException or KeyNotFoundException or FormatException)
        {
            return doubtful;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>A number of an answer: in quotes where it has 64 bits, and missing where it is 0.</summary>
    public static ulong Number(JsonElement element, string name) => !element.TryGetProperty(name, out var value) ? 0
        : value.ValueKind == JsonValueKind.Number ? value.GetUInt64()
        : ulong.Parse(value.GetString()!, CultureInfo.InvariantCulture);

    private static (string Path, string Body) Write(ClientCall call)
    {
        var key = Encode(call.Key);
        return call.Function switch
        {
            OperationFunction.Read => ("range", $$"""{"key":"{{key}}"}"""),
            OperationFunction.Write => ("put", $$"""{"key":"{{key}}","value":"{{Encode(ValueText.Write(call.Argument))}}"}"""),
            OperationFunction.CompareAndSet => ("txn", Compare(key, call.Argument.Members[0], call.Argument.Members[1])),
            _ => throw new ArgumentException($"etcd is not asked for {call.Function} here.", nameof(call)),
        };
    }

    private static string Compare(string key, HistoryValue old, HistoryValue next)
    {
        // A key that is not there has no value to compare with, but a version, which is 0.
        var expected = old.Kind == HistoryValueKind.Null ? "\"target\":\"VERSION\",\"version\":\"0\"" : $"\"target\":\"VALUE\",\"value\":\"{Encode(ValueText.Write(old))}\"";
        return $$$"""{"compare":[{"key":"{{{key}}}","result":"EQUAL",{{{expected}}}}],"success":[{"request_put":{"key":"{{{key}}}","value":"{{{Encode(ValueText.Write(next))}}}"}}]}""";
    }

    private static ClientAnswer Read(ClientCall call, JsonElement answer)
    {
        var index = (long)Number(answer.GetProperty("header"), "revision");
        return call.Function switch
        {
            OperationFunction.Read => new(AnswerKind.Ok, ValueOf(answer)) { Index = index },
            OperationFunction.Write => new(AnswerKind.Ok) { Index = index },
            _ => new(answer.TryGetProperty("succeeded", out var done) && done.ValueKind == JsonValueKind.True ? AnswerKind.Ok : AnswerKind.Failed) { Index = index },
        };
    }

    private static HistoryValue ValueOf(JsonElement answer)
    {
        if (!answer.TryGetProperty("kvs", out var found) || found.GetArrayLength() == 0)
            return HistoryValue.Null;
        var value = found[0].TryGetProperty("value", out var bytes) ? Encoding.UTF8.GetString(bytes.GetBytesFromBase64()) : "";
        return ValueText.Read(value);
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
