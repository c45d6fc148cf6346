using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;

namespace RaftStream.StreamStateMachine;

/// <summary>The codecs that come with the library. Values are written in the MessagePack format; records of your own as JSON, or by a codec of your own.</summary>
public static class Codecs
{
    /// <summary>Text of up to 1 MiB.</summary>
    public static ICodec<string> Text { get; } = new TextCodec();

    /// <summary>Whole numbers of 64 bits.</summary>
    public static ICodec<long> Int64 { get; } = new Int64Codec();

    /// <summary>Whole numbers of 32 bits.</summary>
    public static ICodec<int> Int32 { get; } = new Int32Codec();

    /// <summary>Numbers with a point. All bits are kept; JSON has null for what is no number.</summary>
    public static ICodec<double> Double { get; } = new DoubleCodec();

    /// <summary>True or false.</summary>
    public static ICodec<bool> Boolean { get; } = new BooleanCodec();

    /// <summary>Bytes as they are; base64 in JSON.</summary>
    public static ICodec<byte[]> Bytes { get; } = new BytesCodec();

    /// <summary>Two values.</summary>
    public static ICodec<(T1 First, T2 Second)> Pair<T1, T2>(ICodec<T1> first, ICodec<T2> second) => new PairCodec<T1, T2>(first, second);

    /// <summary>A list of values.</summary>
    public static ICodec<IReadOnlyList<T>> List<T>(ICodec<T> item) => new ListCodec<T>(item);

    /// <summary>
    /// Values of your own through System.Text.Json's source generator. Its bytes follow the order in which the type declares its properties: what is
    /// reordered or renamed is another layout and needs another name.
    /// </summary>
    /// <param name="type">From a <c>JsonSerializerContext</c> of yours.</param>
    /// <param name="name">The name of the layout.</param>
    public static ICodec<T> Json<T>(JsonTypeInfo<T> type, string name) => new JsonCodec<T>(type, name);

    /// <summary>The codec of a type that has one here: text, numbers, truth values, bytes.</summary>
    internal static bool TryFind<T>([NotNullWhen(true)] out ICodec<T>? codec)
    {
        codec = (Text as ICodec<T>) ?? (Int64 as ICodec<T>) ?? (Int32 as ICodec<T>) ?? (Double as ICodec<T>) ?? (Boolean as ICodec<T>) ?? (Bytes as ICodec<T>);
        return codec is not null;
    }
}
