using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace RaftStream.Hosting.Security;

/// <summary>
/// Tokens as clients hold them: <c>rs_</c> and 256 random bits in base64url. We make them ourselves, so nobody can guess one, and SHA-256 is enough to keep them by: a slow hash is for what people think up.
/// </summary>
internal static class AccessToken
{
    /// <summary>No token is longer, in bytes.</summary>
    public const int MaxBytes = 128;

    private const string Prefix = "rs_";
    private const int RandomBytes = 32;

    /// <summary>A new one.</summary>
    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>What is kept of it: 64 hexadecimal digits.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
