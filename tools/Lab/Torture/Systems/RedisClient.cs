using System.Net.Sockets;
using RaftStream.Testing;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>
/// A client of one Redis server. It reads from a primary alone: that a replica lags behind is known and proves nothing. So each read asks in the same
/// transaction what the server is.
/// </summary>
internal sealed class RedisClient(string address) : ISystemClient
{
    // Compares and sets in one piece on the server; a key that is not there is compared with no text.
    private const string CompareAndSet =
        "local v = redis.call('GET', KEYS[1]) " +
        "if (v == false and ARGV[1] == '') or (v ~= false and v == ARGV[1]) then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";

    private RespConnection? _connection;

    /// <inheritdoc/>
    public async Task<ClientAnswer> DoAsync(ClientCall call, CancellationToken deadline)
    {
        var commands = Write(call);
        try
        {
            _connection ??= await RespConnection.ConnectAsync(address, deadline);
        }
        catch (Exception nobody) when (nobody is SocketException or OperationCanceledException)
        {
            return new(AnswerKind.Failed);
        }

        try
        {
            return Read(call, (await _connection.AskAsync(deadline, commands))[^1]);
        }
        catch (Exception silence) when (silence is SocketException or OperationCanceledException or IOException)
        {
            // Whatever comes on this connection now belongs to the call that was given up.
            _connection.Dispose();
            _connection = null;
            return new(call.Function == OperationFunction.Read ? AnswerKind.Failed : AnswerKind.Unknown);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _connection?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string[][] Write(ClientCall call) => call.Function switch
    {
        OperationFunction.Read => [["MULTI"], ["ROLE"], ["GET", call.Key], ["EXEC"]],
        OperationFunction.Write => [["SET", call.Key, ValueText.Write(call.Argument)]],
        OperationFunction.Add => [["INCRBY", call.Key, ValueText.Write(call.Argument)]],
        OperationFunction.CompareAndSet => [["EVAL", CompareAndSet, "1", call.Key, Expected(call.Argument.Members[0]), ValueText.Write(call.Argument.Members[1])]],
        _ => throw new ArgumentException($"Redis is not asked for {call.Function} here.", nameof(call)),
    };

    private static string Expected(HistoryValue old) => old.Kind == HistoryValueKind.Null ? "" : ValueText.Write(old);

    // An error means that nothing was done: the server is a replica, loads its data, or does not take the command.
    private static ClientAnswer Read(ClientCall call, RespReply reply) => (call.Function, reply) switch
    {
        (_, { IsError: true }) => new(AnswerKind.Failed),
        (OperationFunction.Read, { Items: [{ Items: [{ Text: "master" }, ..] }, { IsError: false } value] }) =>
            new(AnswerKind.Ok, value.Text is null ? HistoryValue.Null : ValueText.Read(value.Text)),
        (OperationFunction.Read, _) => new(AnswerKind.Failed),
        (OperationFunction.Add, { Number: { } sum }) => new(AnswerKind.Ok, sum),
        (OperationFunction.CompareAndSet, { Number: 0 }) => new(AnswerKind.Failed),
        (OperationFunction.CompareAndSet, { Number: 1 }) or (OperationFunction.Write, { Text: "OK" }) => new(AnswerKind.Ok),
        _ => new(AnswerKind.Unknown),
    };
}
