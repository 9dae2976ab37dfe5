CREATE TABLE `oauthtoken` (
  `id` varchar(10) NOT NULL,
  `user_name` varchar(255) DEFAULT NULL,
  `client_id` varchar(255) DEFAULT NULL,
  `client_secret` varchar(255) DEFAULT NULL,
  `refresh_token` varchar(255) DEFAULT NULL,
  `access_token` varchar(255) DEFAULT NULL,
  `grant_token` varchar(255) DEFAULT NULL,
  `expiry_time` varchar(20) DEFAULT NULL,
  `redirect_url` varchar(255) DEFAULT NULL,
  `api_domain` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COLLATE=latin1_swedish_ci;
INSERT INTO `oauthtoken` VALUES ('1','ada@example.com:7','1000.CLIENT','S3CRET-client','1000.S3CRET-refresh-ada','1000.S3CRET-access-ada',NULL,'4102444800000',NULL,'https://www.zohoapis.eu');
INSERT INTO `oauthtoken` VALUES ('2','bob, \"the builder\"@example.com:7','1000.CLIENT','S3CRET-client','1000.S3CRET-refresh-bob','1000.S3CRET-access-bob',NULL,'1700000000000','https://crm.example.com/callback?a=b','https://www.zohoapis.com');
INSERT INTO `oauthtoken` VALUES ('3','o\'brien@example.com:7','1000.CLIENT','S3CRET-client','1000.S3CRET-refresh-obrien',NULL,NULL,NULL,NULL,NULL);
INSERT INTO `oauthtoken` VALUES ('4','Žofie@example.com:7','1000.CLIENT','S3CRET-client',NULL,NULL,'1000.S3CRET-grant-zofie',NULL,NULL,NULL);
