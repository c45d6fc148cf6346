using System.Buffers;
using System.Text;
using System.Text.Json;

namespace RaftStream.StreamStateMachine;

/// <summary>How a sink writes records down.</summary>
internal static class SinkFormat
{
    /// <summary>A function's text, or the JSON of the stream's codec.</summary>
    /// <exception cref="ArgumentException">There is neither.</exception>
    public static Action<IBufferWriter<byte>, T> Of<T>(StreamNode<T> node, Func<T, string>? format)
    {
        if (format is not null)
            return (output, value) => Encoding.UTF8.GetBytes(format(value), output);
        var codec = node.Codec ?? throw new ArgumentException($"{typeof(T).Name} has no codec here: say what the sink writes, with the parameter 'format'.", nameof(format));
        return (output, value) =>
        {
            using var json = new Utf8JsonWriter(output);
            codec.WriteJson(json, value);
        };
    }
}
