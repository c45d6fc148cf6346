using System.Globalization;
using System.Net.Sockets;

namespace RaftStream.Lab.Torture.Systems;

/// <summary>What a Redis server tells of its part in the replication.</summary>
/// <param name="IsPrimary">Whether it takes writes.</param>
/// <param name="Offset">How far its history goes, in bytes.</param>
/// <param name="HearsPrimary">Of a replica: whether its connection to the primary stands and something came over it lately.</param>
/// <param name="PrimaryAddress">Of a replica: where it looks for the primary.</param>
/// <param name="SecondsCutOff">Of a replica: for how long it has had no connection to the primary; 0 if it has one, -1 if it had none since it was started.</param>
internal sealed record RedisInfo(bool IsPrimary, long Offset, bool HearsPrimary, string PrimaryAddress, long SecondsCutOff)
{
    // A primary speaks once a second: after this many of silence the connection that seems to stand is dead.
    private const long SilenceSeconds = 2;

    /// <summary>Asks a server; null if it does not answer.</summary>
    public static async Task<RedisInfo?> AskAsync(string address, CancellationToken end)
    {
        try
        {
            using var connection = await RespConnection.ConnectAsync(address, end);
            return (await connection.AskAsync(end, ["INFO", "replication"]))[0] is { IsError: false, Text: { } text } ? Parse(text) : null;
        }
        catch (Exception silence) when (silence is SocketException or OperationCanceledException or IOException)
        {
            return null;
        }
    }

    /// <summary>
    /// Whether a replica may become the primary, as Sentinel has it (sentinelSelectSlave): not one that was cut off for ten times
    /// <paramref name="downAfter"/> already when the primary fell silent, <paramref name="silence"/> ago, since it lacks too much of the history.
    /// </summary>
    public bool MaySucceed(TimeSpan downAfter, TimeSpan silence) => SecondsCutOff <= ((10 * downAfter) + silence).TotalSeconds;

    /// <summary>Reads the lines of the answer.</summary>
    public static RedisInfo? Parse(string text)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in text.Split("\r\n"))
        {
            if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
                fields[line[..colon]] = line[(colon + 1)..];
        }

        return fields.GetValueOrDefault("role") switch
        {
            "master" => new(true, Number("master_repl_offset"), true, "", 0),
            "slave" => new(
                false,
                Number("slave_repl_offset"),
                fields.GetValueOrDefault("master_link_status") == "up" && Number("master_last_io_seconds_ago") < SilenceSeconds,
                $"{fields.GetValueOrDefault("master_host")}:{fields.GetValueOrDefault("master_port")}",
                Number("master_link_down_since_seconds")),
            _ => null,
        };

        long Number(string name) =>
            long.TryParse(fields.GetValueOrDefault(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }
}
