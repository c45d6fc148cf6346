using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>
/// A client of the Redis protocol at one node of RaftStream, which believes the first word of an error what docs/redis.md promises of it.
/// </summary>
internal sealed class RaftStreamRedisClient(string address) : IPipelineClient
{
    // Whatever else an error may begin with leaves a write in doubt: UNKNOWN, and a word that is not there yet.
    private static readonly HashSet<string> NotDone = new(StringComparer.Ordinal) { "CLUSTERDOWN", "LOADING", "TRYAGAIN", "MISCONF", "OOM", "MOVED", "ERR" };

    private RespConnection? _connection;

    /// <inheritdoc/>
    public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline) => (await DoAllAsync([call], deadline))[0];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ClientAnswer>> DoAllAsync(IReadOnlyList<ClientCall> calls, CancellationToken deadline)
    {
        string[][] commands = [.. calls.Select(Write)];
        try
        {
            _connection ??= await RespConnection.ConnectAsync(address, deadline);
        }
        catch (Exception nobody) when (nobody is SocketException or OperationCanceledException)
        {
            return [.. calls.Select(static _ => new ClientAnswer(AnswerKind.Failed))];
        }

        try
        {
            var replies = await _connection.AskAsync(deadline, commands);
            return [.. replies.Select((reply, place) => Read(calls[place], reply))];
        }
        catch (Exception silence) when (silence is SocketException or OperationCanceledException or IOException)
        {
            // Whatever comes on this connection now belongs to the calls that were given up.
            _connection.Dispose();
            _connection = null;
            return [.. calls.Select(static call => new ClientAnswer(InDoubt(call)))];
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string[] Write(ClientCall call) => call.Function switch
    {
        OperationFunction.Read => ["GET", call.Key],
        OperationFunction.Add => ["INCRBY", call.Key, ValueText.Write(call.Argument)],
        _ => throw new ArgumentException($"The Redis protocol is not asked for {call.Function} here.", nameof(call)),
    };

    private static ClientAnswer Read(ClientCall call, RespReply reply) => (call.Function, reply) switch
    {
        (_, { IsError: true }) => new(NotDone.Contains(reply.Text!.Split(' ')[0]) ? AnswerKind.Failed : InDoubt(call)),
        (OperationFunction.Read, { Number: null, Items: null }) => new(AnswerKind.Ok, reply.Text is null ? HistoryValue.Null : ValueText.Read(reply.Text)),
        (OperationFunction.Add, { Number: { } sum }) => new(AnswerKind.Ok, sum),
        _ => new(InDoubt(call)),
    };

    // A read has no effect that could be in doubt.
    private static AnswerKind InDoubt(ClientCall call) => call.Function == OperationFunction.Read ? AnswerKind.Failed : AnswerKind.Unknown;
}
