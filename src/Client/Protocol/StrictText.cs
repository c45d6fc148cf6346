using System.Text;

namespace RaftStream.Client.Protocol;

/// <summary>Texts as they travel.</summary>
internal static class StrictText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>How many bytes of UTF-8 it takes; null where it holds half of a surrogate pair.</summary>
    public static int? SizeOf(string text)
    {
        try
        {
            return Strict.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }
}
