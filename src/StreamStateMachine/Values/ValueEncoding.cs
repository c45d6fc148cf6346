using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>What keys hold, as MessagePack: nil for nothing, an integer, or binary.</summary>
internal static class ValueEncoding
{
    /// <summary>Writes what an entry holds; -1 stands for a key that is not there.</summary>
    public static void Write(MessagePackWriter writer, CountTable table, int number)
    {
        if (number < 0)
            writer.WriteNil();
        else if (table.HoldsBytes(number))
            writer.WriteBinary(table.BytesAt(number));
        else
            writer.Write(table.ValueAt(number));
    }

    /// <summary>Reads a value, into memory of its own; false where the bytes are none.</summary>
    public static bool TryRead(ref MessagePackReader reader, out StoreValue value)
    {
        value = default;
        if (reader.TryReadNil())
            return true;
        if (reader.NextType == MessagePackType.Binary)
        {
            if (!reader.TryReadBinary(out var bytes) || bytes.Length > StoreLimits.MaxValueBytes)
                return false;
            value = StoreValue.Of(bytes.ToArray());
            return true;
        }

        if (!reader.TryReadInt64(out var integer))
            return false;
        value = StoreValue.Of(integer);
        return true;
    }
}
