namespace RaftStream.Hosting.Resp;

/// <summary>
/// The slot of a key as Redis Cluster counts it: CRC16 (XMODEM) of the key, or of what stands between its first braces, modulo 16,384
/// (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model). All slots are the leader's here.
/// </summary>
internal static class KeySlot
{
    /// <summary>How many there are.</summary>
    public const int Count = 16_384;

    /// <summary>A key's.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        var length = open < 0 ? -1 : key[(open + 1)..].IndexOf((byte)'}');
        var hashed = length > 0 ? key.Slice(open + 1, length) : key;
        var sum = 0;
        foreach (var value in hashed)
        {
            sum ^= value << 8;
            for (var bit = 0; bit < 8; bit++)
                sum = (sum & 0x8000) != 0 ? (sum << 1) ^ 0x1021 : sum << 1;
            sum &= 0xFFFF;
        }

        return sum % Count;
    }
}
